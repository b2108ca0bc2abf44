# What a reward costs, and who may have it.
rewards-price = { $name } costs { $value }.
rewards-gift = { $name } costs nothing.
rewards-by-staff = Staff hand it out.
rewards-payee = What it costs goes to { $payee }.
rewards-ordered = It is ordered, and the redemption says how far it is.
rewards-tiers = For members in { $tiers }.
rewards-limit = At most { times } { window } for each member.
rewards-stock =
    { $stock ->
        [one] There is { $stock }.
       *[other] There are { $stock }.
    }
rewards-voucher = Its voucher is valid for { days }.
rewards-owed = Once it is ready or sent, its voucher does not expire.
rewards-on-return =
    When all of a purchase comes back that its voucher was used for, the voucher { $policy ->
        [give_back] is good again for as many days as it had left.
       *[until_last_day] is good again until its last day.
    }

# What it gives in place of a voucher.
rewards-gives-tier = It gives { $tier } for { days }.
rewards-gives-units = It gives { $units } × { $name }.
rewards-automatic = It is redeemed automatically once the balance reaches { $value }.

# Why it is out of reach, beside who may have it and how often.
rewards-not-now = It is not offered now.
rewards-missing = Still missing: { $value }.
rewards-none-left = None is left.
rewards-tier-held = The tier that is held, { $tier }, is no lower.
rewards-too-many = As many free units are held as can be: use some first.
