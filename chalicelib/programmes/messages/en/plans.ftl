plans-fee =
    { $name }: { $money } { $period ->
        [month] a month
       *[year] a year
    }.
plans-trial =
    { $days ->
        [one] The first day is free, once.
       *[other] The first { $days } days are free, once.
    }
plans-tier = Its members are in { $tier }.
