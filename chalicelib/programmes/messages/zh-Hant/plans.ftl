plans-fee =
    { $name }：{ $period ->
        [month] 每月
       *[year] 每年
    } { $money }。
plans-trial = 前 { $days } 天免費，僅限一次。
plans-tier = 其會員享有{ $tier }等級。
plans-grace =
    { $days ->
        [0] 已付費的期間屆滿即終止。
       *[other] 未續費時再延續 { $days } 天。
    }
