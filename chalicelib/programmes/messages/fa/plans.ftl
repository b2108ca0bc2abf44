plans-fee =
    { $name }: { $money } { $period ->
        [month] در ماه
       *[year] در سال
    }.
plans-trial = { $days } روز نخست رایگان است، تنها یک بار.
plans-tier = اعضای آن در سطح { $tier } هستند.
plans-grace =
    { $days ->
        [0] با پایان دوره پرداخت‌شده تمام می‌شود.
       *[other] اگر دوباره پرداخت نشود، { $days } روز دیگر ادامه دارد.
    }
