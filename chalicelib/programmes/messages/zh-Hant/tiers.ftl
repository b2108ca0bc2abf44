tiers-first = 所有人從{ $tier }開始。
tiers-given = { $tier }由診所授予，隨會員方案或作為獎勵獲得。
tiers-reached =
    { $window ->
        [calendar_year] 一個曆年內
        [anniversary] 一個會員年度內
        [calendar_month] 一個曆月內
        [rolling] { $days } 天內
       *[lifetime] 累計
    }{ $needs }，即達到{ $tier }。
tiers-waits = 期滿後生效。

tiers-events = { $activity } { $events } 次
tiers-together = （{ $needs }）
tiers-earned = 獲得 { $value }

tiers-kept = 一經達到，即長期保留。
tiers-yearly =
    保留至下一年度結束；{ $downgrade ->
        [one_level] 該年度未再達到則降一級
       *[to_earned] 該年度未再達到則改為該年度所達到的等級
    }{ tiers-grace }。
tiers-monthly =
    保留至下個月結束；{ $downgrade ->
        [one_level] 該月未再達到則降一級
       *[to_earned] 該月未再達到則改為該月所達到的等級
    }{ tiers-grace }。
tiers-rolling =
    保留 { $days } 天；{ $downgrade ->
        [one_level] 其間未再達到則降一級
       *[to_earned] 其間未再達到則改為所達到的等級
    }{ tiers-grace }。
tiers-grace =
    { $grace ->
        [0] { "" }
       *[other] ，延後 { $grace } 天執行
    }

tiers-benefits = 權益：{ $names }。
