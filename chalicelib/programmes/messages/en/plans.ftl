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
plans-grace =
    { $days ->
        [0] It ends with the period that is paid.
       *[other] Where it is not paid again, it goes on for { days }.
    }
