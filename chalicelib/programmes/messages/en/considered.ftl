# Why a discount, an entitlement, a voucher or a wallet takes nothing off a bill.
considered-already-free = What it is for is free already.
considered-below-min-bill = It takes a bill of { $needed }; { $missing } is missing.
considered-comes-to-nothing = It comes to nothing.
considered-excluded = It was excluded.
considered-for-others = These prices are for others.
considered-goods-only = The voucher takes nothing off: it stands for something else.
considered-held-until = It held through { $day }.
considered-household-not-spent = The household has not spent { $needed } yet.
considered-household-too-small =
    The household is of { $there }, and { $needed } are needed.
considered-limit-reached = Its limit is reached.
considered-no-household = The member belongs to no household.
considered-no-lower-price = It has no lower price for these lines.
considered-no-status = No status that brings it holds on { $day }.
considered-none-left = None of it is left.
considered-not-at-location = It is for other locations.
considered-not-entitled = The member does not have it.
considered-not-in-scope = Nothing that it is for is bought.
considered-not-on-day = { $day } is none of its days.
considered-not-spent = { $there } of { $needed } is spent.
considered-not-spent-in-window = { $needed } was not yet spent in time.
considered-nothing-due = Nothing is left to pay.
considered-other-programme = The voucher is of another programme: { $programme }.
considered-others-gave-more = Others gave more.
considered-policy-forbids = The law does not allow it ({ $rule }).
considered-presented-twice = It is presented already.
considered-role-not-named = It is not for the role: { $role }.
considered-steps-too-large = It pays in steps that are more than its share of the bill.
considered-tier-not-named = It is not for the tier { $tier }.
considered-too-few-units =
    { $needed } units make a full set, and { $there ->
        [one] { $there } is there
       *[other] { $there } are there
    }.
considered-too-little-asked = { $needed } is the least that pays, and { $there } is asked for.
considered-too-little-there = { $needed } is the least that pays, and { $there } is there.
considered-voucher-needed = It takes a voucher of “{ $reward }”.
