earning-fixed = 每次{ $activity }可获得 { $value }。
earning-amount = 每次{ $activity }，每 { $money }可获得 { $value }。
earning-units =
    每次{ $activity }，{ $units ->
        [1] 每计 1 个单位
       *[other] 每计 { $units } 个单位
    }可获得 { $value }。
earning-formula = 每次{ $activity }可获得{ $name }，数量逐次计算。
earning-tier = { $tier }会员为上述的 { $percent }%。
earning-always = 合计为上述的 { $percent }%。
earning-multiplied = 符合以下条件时为上述的 { $percent }%：{ ENDED($when, "。") }
earning-sometimes = 符合另一条件时为上述的 { $percent }%。

earning-condition = 须符合条件。
earning-when = 条件：{ ENDED($when, "。") }
earning-rounding =
    { $rounding ->
        [floor] 不足一的部分舍去。
        [ceiling] 不足一的部分进位。
        [half_up] 四舍五入取整。
       *[half_even] 取最接近的整数，恰为一半时取偶数。
    }
earning-carried = 未满 { $money }的部分计入下一次。
earning-at-least = 每次至少 { $value }。
earning-at-most = 每次最多 { $value }。
earning-cap = { window }最多 { $most }。
earning-cap-times = { window }最多 { times }。
earning-cap-rejects = 若会超出，则整笔不计。
earning-weekdays = 仅{ $days }有效。
earning-recurs = 仅特定日期有效。
earning-recurs-since = 自{ $first }开始。
earning-hours = { $first } 至 { $last } 有效。
earning-at-once = 可立即使用。

earning-best = 不与{ $names }叠加：取最多者。
earning-first = 以下各项只取最先符合的一项：{ $names }。
