# What earns.  The value is an amount of a currency: "50 points"; "that" is what comes before.
earning-fixed = Each { $activity } earns { $value }.
earning-amount = Each { $activity } earns { $value } for every { $money }.
earning-units =
    Each { $activity } earns { $value } for every { $units ->
        [1] one that is counted
       *[other] { $units } that are counted
    }.
earning-formula = Each { $activity } earns { $name }, worked out each time.
earning-tier = In { $tier }, { $percent } % of that.
earning-always = In all, { $percent } % of that.
earning-sometimes = Under a further condition, { $percent } % of that.

# On what, how often and when.
earning-condition = A condition applies.
earning-counted = Counted: { $names }.
earning-not-counted = Not counted: { $names }.
earning-rounding =
    Fractions are { $rounding ->
        [floor] dropped
        [ceiling] rounded up
        [half_up] rounded to the nearest whole number
       *[half_even] rounded to the nearest whole number
    }.
earning-cap = At most { $most } { window }.
earning-cap-times = At most { times } { window }.
earning-cap-rejects = What would go over that earns nothing.
earning-recurs = It counts on days that recur ({ $rule }).
earning-recurs-hours = It counts on days that recur ({ $rule }), from { $first } to { $last }.
earning-at-once = They are usable at once.

# The names are those of other rules.
earning-best = Does not add to { $names }: what gives most counts.
earning-first = Does not add to { $names }: the first of them that applies counts.
