discounts-spend =
    { $name }：{ $window ->
        [calendar_year] 本日历年内
       *[lifetime] 累计
    }{ $spent }起优惠 { $percent }%。
discounts-spend-step = 每再消费 { $every }，多优惠 { $percent }%，最高 { $most }%。
discounts-basis =
    { $basis ->
        [after] 本次账单也计入。
       *[before] 本次账单尚不计入。
    }
discounts-shared = 全家的消费合并计算。
discounts-window =
    { $name }：{ $window ->
        [calendar_year] 一个日历年内
       *[rolling] { $window_days } 天内
    }{ $spent }后，{ $days } 天内优惠 { $percent }%。
discounts-dates = { $name }：{ $days }优惠 { $percent }%。
discounts-birthday = 生日当天
discounts-list = “{ $list }”名单中的日期
discounts-around =
    { $before ->
        [0] 自当天
       *[other] 自前 { $before } 天
    }起，{ $after ->
        [0] 至当天
       *[other] 至后 { $after } 天
    }止。
discounts-status = { $name }：具备{ $statuses }者优惠 { $percent }%。
discounts-household = { $name }：家庭成员达 { $members } 人，优惠 { $percent }%。
discounts-roles = 限家庭中的{ $roles }。
discounts-role =
    { $role ->
        [adult] 成人
        [child] 儿童
       *[dependant] 受抚养人
    }
discounts-tiers = { $name }：{ $shares }。
discounts-share = { $tier }优惠 { $percent }%
discounts-prices = { $name }：每件{ $prices }。
discounts-price = { $service } { $money }
discounts-only = 仅限{ $holders }。
discounts-voucher-percent = { $name }：凭“{ $reward }”券优惠 { $percent }%。
discounts-voucher-money = { $name }：凭“{ $reward }”券减免 { $money }。
discounts-sets-free = { $name }：买 { $buy } 件送 { $get } 件，每满一组，价低者免费。
discounts-sets-less = { $name }：买 { $buy } 件，另 { $get } 件优惠 { $percent }%，每满一组，价低者享受。
discounts-sets-return = 退货后完整组数减少的，所留部分已减免的金额从退款中扣除。
discounts-min-bill = 账单满 { $money } 方可享受。退货后不足此额的，所留部分已减免的金额从退款中扣除。
discounts-limit-money =
    { $window ->
        [order] 每单
        [day] 每天
        [week] 每周
        [month] 每月
        [year] 每年
       *[lifetime] 总计
    }最多减免 { $money }。
discounts-limit-units =
    { $window ->
        [order] 每单
        [day] 每天
        [week] 每周
        [month] 每月
        [year] 每年
       *[lifetime] 总计
    }最多 { $units } 件享受优惠，价高者优先。
discounts-limit-orders =
    { $window ->
        [order] 每单
        [day] 每天
        [week] 每周
        [month] 每月
        [year] 每年
       *[lifetime] 总计
    }最多 { $orders } 单享受优惠。
discounts-limit-of = 此上限适用于{ $names }。

discounts-stacking =
    { $stacking ->
        [best_of] 有多项优惠时，每个项目取最优的一项。
        [additive] 多项优惠相加。
       *[sequential] 有多项优惠时，依次在前一项减免后的余额上计算。
    }
discounts-most = 多项合计最多减免 { $percent }%。
discounts-best = 不与{ $names }叠加：取优惠最多者。
