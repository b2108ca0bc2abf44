# What earns.  The value is an amount of a currency: "50 points"; "that" is what comes before.  What
# follows a colon is in the author's words: "at the weekend".
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
earning-multiplied = { $percent } % of that: { ENDED($when, ".") }
earning-sometimes = Under a further condition, { $percent } % of that.

# On what, how often and when.
earning-condition = A condition applies.
earning-when = Condition: { ENDED($when, ".") }
earning-rounding =
    Fractions are { $rounding ->
        [floor] dropped
        [ceiling] rounded up
        [half_up] rounded to the nearest whole number
       *[half_even] rounded to the nearest whole number, halves to an even one
    }.
earning-carried = What does not fill { $money } counts towards the next time.
earning-at-least = At least { $value } each time.
earning-at-most = At most { $value } each time.
earning-cap = At most { $most } { window }.
earning-cap-times = At most { times } { window }.
earning-cap-rejects = What would go over that earns nothing.
# The days are days of the week; those of a rule that is no such list are in its expressions.
earning-weekdays = It counts on { $days }.
earning-recurs = It counts on certain days only.
earning-recurs-since = It begins on { $first }.
earning-hours = It counts from { $first } to { $last }.
earning-at-once = What is earned can be used at once.

# The names are those of other rules; in the second those of all, the first of them first.
earning-best = Does not add to { $names }: what gives most counts.
earning-first = Only the first of these that applies counts: { $names }.
