plans-fee =
    { $name }：{ $period ->
        [month] 每月
       *[year] 每年
    } { $money }。
plans-trial = 前 { $days } 天免费，仅限一次。
plans-tier = 其会员享有{ $tier }等级。
plans-grace =
    { $days ->
        [0] 已付费的期限届满即终止。
       *[other] 未续费时再延续 { $days } 天。
    }
