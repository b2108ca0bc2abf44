reporting-days = 日期以 { $zone } 时区为准。
reporting-late =
    { $days ->
        [0] 入会前发生的，或事后才上报的，不予计算。
       *[other] 入会前发生的，或发生超过 { $days } 天后才上报的，不予计算。
    }
reporting-rate = 支付的 { $foreign } 按 { $own } 计算。
reporting-age-bands = 年龄组：{ $bands }。诊所记录每人自哪天起属于某组，不记录出生年份。
