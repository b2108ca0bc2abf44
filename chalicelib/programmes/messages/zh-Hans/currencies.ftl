currencies-never = { $name }永久有效。
currencies-rolling = { $name }自获得之日起 { $life }内有效，最后一天全天可用。
currencies-rounded =
    { $name }的有效期至获得满 { $life }的当{ $period ->
        [month] 月
        [quarter] 季度
        [half] 半年
       *[year] 年
    }末。
currencies-inactivity = { $name }自获得之日或最近一次就诊、购买或其他活动之日起 { $life }内有效，最后一天全天可用。
currencies-inactivity-on = { $name }自获得之日或最近一次{ $activity }之日起 { $life }内有效，最后一天全天可用。
currencies-extended = 每次就诊、购买或其他活动之后，至少 { $life }内有效。
currencies-extended-on = 每次{ $activity }之后，至少 { $life }内有效。
currencies-in-tier = 在{ $tier }等级获得的：{ $sentence }
currencies-dated = { $name }的有效期至{ $date }当天结束。
currencies-yearly = { $name }的有效期至获得后的下一个{ $day }当天结束。
currencies-distant = { $name }的有效期至获得后至少 { days }的第一个{ $day }当天结束。

currencies-months = { $months } 个月
currencies-years = { $years } 年

currencies-delay = 获得 { days }后方可使用。

currencies-taken-back =
    { $policy ->
        [clamp] 如果使用之后，当初获得它的活动被取消，则无须补回。
        [reject] 一经使用，当初获得它的活动便不能取消。
       *[deficit] 如果使用之后，当初获得它的活动被取消，则由之后获得的部分补回。
    }
currencies-restored = 取消兑换后退回的部分至少 { days }内有效。
currencies-reinstated = 过期的部分，如在最后一天之后 { days }内有就诊、购买或其他活动，可恢复一次。
currencies-reinstated-on = 过期的部分，如在最后一天之后 { days }内有{ $activity }，可恢复一次。
currencies-reinstated-life = 恢复后的有效期，按最后一天的次日获得计算。
