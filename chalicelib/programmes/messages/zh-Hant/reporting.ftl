reporting-days = 日期以 { $zone } 時區為準。
reporting-late =
    { $days ->
        [0] 入會前發生的，或事後才通報的，不予計算。
       *[other] 入會前發生的，或發生超過 { $days } 天後才通報的，不予計算。
    }
reporting-rate = 支付的 { $foreign } 按 { $own } 計算。
