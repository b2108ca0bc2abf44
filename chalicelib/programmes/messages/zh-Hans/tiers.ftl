tiers-first = 所有人从{ $tier }开始。
tiers-given = { $tier }由诊所授予，随会员方案或作为奖励获得。
tiers-reached =
    { $window ->
        [calendar_year] 一个日历年内
        [anniversary] 一个会员年度内
        [calendar_month] 一个日历月内
        [rolling] { $days } 天内
       *[lifetime] 累计
    }{ $needs }，即达到{ $tier }。
tiers-waits = 期满后生效。

tiers-events = { $activity } { $events } 次
tiers-together = （{ $needs }）
tiers-earned = 获得 { $value }

tiers-kept = 一经达到，即长期保留。
tiers-yearly =
    保留至下一年度结束；{ $downgrade ->
        [one_level] 该年度未再达到则降一级
       *[to_earned] 该年度未再达到则改为该年度所达到的等级
    }{ tiers-grace }。
tiers-monthly =
    保留至下个月结束；{ $downgrade ->
        [one_level] 该月未再达到则降一级
       *[to_earned] 该月未再达到则改为该月所达到的等级
    }{ tiers-grace }。
tiers-rolling =
    保留 { $days } 天；{ $downgrade ->
        [one_level] 其间未再达到则降一级
       *[to_earned] 其间未再达到则改为所达到的等级
    }{ tiers-grace }。
tiers-grace =
    { $grace ->
        [0] { "" }
       *[other] ，延后 { $grace } 天执行
    }

tiers-benefits = 权益：{ $names }。
