reporting-days = 日期以 { $zone } 時區為準。
reporting-late =
    { $days ->
        [0] 入會前發生的，或事後才通報的，不予計算。
       *[other] 入會前發生的，或發生超過 { $days } 天後才通報的，不予計算。
    }
reporting-rate = 支付的 { $foreign } 按 { $own } 計算。
reporting-age-bands = 年齡組：{ $bands }。診所記錄每人自哪天起屬於某組，不記錄出生年份。
