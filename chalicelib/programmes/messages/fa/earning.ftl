earning-fixed = برای هر { $activity } { $value } می‌گیرید.
earning-amount = برای هر { $activity }، به ازای هر { $money } { $value } می‌گیرید.
earning-units =
    برای هر { $activity }، به ازای { $units ->
        [1] هر واحد شمرده‌شده
       *[other] هر { $units } واحد شمرده‌شده
    } { $value } می‌گیرید.
earning-formula = برای هر { $activity } { $name } می‌گیرید که هر بار محاسبه می‌شود.
earning-tier = در سطح { $tier }، { $percent } درصد آن.
earning-always = روی هم { $percent } درصد آن.
earning-multiplied = { $percent } درصد آن: { ENDED($when, ".") }
earning-sometimes = با شرطی دیگر، { $percent } درصد آن.

earning-condition = شرطی در کار است.
earning-when = شرط: { ENDED($when, ".") }
earning-rounding =
    { $rounding ->
        [floor] خرده‌ها حذف می‌شود.
        [ceiling] خرده‌ها به بالا گرد می‌شود.
        [half_up] خرده‌ها به نزدیک‌ترین عدد صحیح گرد می‌شود.
       *[half_even] خرده‌ها به نزدیک‌ترین عدد صحیح گرد می‌شود و نیمه‌ها به عدد زوج.
    }
earning-carried = مانده‌ای که به { $money } نرسد به بار بعد افزوده می‌شود.
earning-at-least = هر بار دست‌کم { $value }.
earning-at-most = هر بار حداکثر { $value }.
earning-cap = حداکثر { $most } { window }.
earning-cap-times = حداکثر { times } { window }.
earning-cap-rejects = آنچه از آن فراتر رود چیزی نمی‌آورد.
earning-weekdays = در این روزها حساب می‌شود: { $days }.
earning-recurs = تنها در روزهای معینی حساب می‌شود.
earning-recurs-since = از { $first } آغاز می‌شود.
earning-hours = از ساعت { $first } تا { $last } حساب می‌شود.
earning-at-once = بی‌درنگ قابل استفاده است.

earning-best = با { $names } جمع نمی‌شود: آنچه بیشتر می‌دهد حساب می‌شود.
earning-first = تنها نخستین موردی که شامل شود حساب می‌شود: { $names }.
