# How long value lasts.  The name is that of a currency: "points".
currencies-never = { CAPITALISED($name) } do not expire.
currencies-rolling = { CAPITALISED($name) } can be used until the end of the day { $life } after they were earned.
currencies-rounded =
    { CAPITALISED($name) } can be used until the end of the { $period ->
        [month] month
        [quarter] quarter
        [half] half-year
       *[year] year
    } in which { $life } have passed since they were earned.
currencies-inactivity = { CAPITALISED($name) } can be used until the end of the day { $life } after they were earned, or after the last visit, purchase or other activity.
currencies-inactivity-on = { CAPITALISED($name) } can be used until the end of the day { $life } after they were earned, or after the last { $activity }.
currencies-extended = After every visit, purchase or other activity they can be used for { $life } at least.
currencies-extended-on = After every { $activity } they can be used for { $life } at least.
currencies-in-tier = Earned in { $tier }: { $sentence }
currencies-dated = { CAPITALISED($name) } can be used until the end of { $date }.
# The day is one of every year: "31 December".
currencies-yearly = { CAPITALISED($name) } can be used until the end of the next { $day } after they were earned.
currencies-distant = { CAPITALISED($name) } can be used until the end of the first { $day } that is at least { days } after they were earned.

# How long a life is.
currencies-months =
    { $months ->
        [one] { $months } month
       *[other] { $months } months
    }
currencies-years =
    { $years ->
        [one] { $years } year
       *[other] { $years } years
    }

# Follows an expiry or what a rule earns.
currencies-delay = They become usable { days } after they were earned.

# What becomes of value that was used before what earned it was cancelled: a purchase returned, say.
currencies-taken-back =
    { $policy ->
        [clamp] If what earned them is cancelled after they were used, nothing is owed.
        [reject] What earned them cannot be cancelled once they were used.
       *[deficit] If what earned them is cancelled after they were used, what is earned next makes up for them.
    }
currencies-restored = What a cancelled redemption gives back can be used for { days } at least.
currencies-reinstated = What has expired comes back, once, with a visit, purchase or other activity within { days } after its last day.
currencies-reinstated-on = What has expired comes back, once, with a { $activity } within { days } after its last day.
currencies-reinstated-life = It then lasts as if it had been earned on the day after its last day.
