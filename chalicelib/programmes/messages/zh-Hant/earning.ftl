earning-fixed = 每次{ $activity }可獲得 { $value }。
earning-amount = 每次{ $activity }，每 { $money }可獲得 { $value }。
earning-units =
    每次{ $activity }，{ $units ->
        [1] 每計 1 單位
       *[other] 每計 { $units } 單位
    }可獲得 { $value }。
earning-formula = 每次{ $activity }可獲得{ $name }，數量逐次計算。
earning-tier = { $tier }會員為上述的 { $percent }%。
earning-always = 合計為上述的 { $percent }%。
earning-multiplied = 符合以下條件時為上述的 { $percent }%：{ ENDED($when, "。") }
earning-sometimes = 符合另一條件時為上述的 { $percent }%。

earning-condition = 須符合條件。
earning-when = 條件：{ ENDED($when, "。") }
earning-rounding =
    { $rounding ->
        [floor] 不足一的部分捨去。
        [ceiling] 不足一的部分進位。
        [half_up] 四捨五入取整數。
       *[half_even] 取最接近的整數，恰為一半時取偶數。
    }
earning-carried = 未滿 { $money }的部分計入下一次。
earning-at-least = 每次至少 { $value }。
earning-at-most = 每次最多 { $value }。
earning-cap = { window }最多 { $most }。
earning-cap-times = { window }最多 { times }。
earning-cap-rejects = 若會超出，則整筆不計。
earning-weekdays = 僅{ $days }有效。
earning-recurs = 僅特定日期有效。
earning-recurs-since = 自{ $first }開始。
earning-hours = { $first } 至 { $last } 有效。
earning-at-once = 可立即使用。

earning-best = 不與{ $names }併計：取最多者。
earning-first = 以下各項只取最先符合的一項：{ $names }。
