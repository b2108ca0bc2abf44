currencies-never = { $name }永久有效。
currencies-rolling = { $name }自取得之日起 { $life }內有效，最後一天全天可用。
currencies-rounded =
    { $name }的效期至取得滿 { $life }的當{ $period ->
        [month] 月
        [quarter] 季
        [half] 半年
       *[year] 年
    }底。
currencies-inactivity = { $name }自取得之日或最近一次就診、購買或其他活動之日起 { $life }內有效，最後一天全天可用。
currencies-inactivity-on = { $name }自取得之日或最近一次{ $activity }之日起 { $life }內有效，最後一天全天可用。
currencies-extended = 每次就診、購買或其他活動之後，至少 { $life }內有效。
currencies-extended-on = 每次{ $activity }之後，至少 { $life }內有效。
currencies-in-tier = 在{ $tier }等級取得的：{ $sentence }
currencies-dated = { $name }的效期至{ $date }當天結束。
currencies-yearly = { $name }的效期至取得後的下一個{ $day }當天結束。
currencies-distant = { $name }的效期至取得後至少 { days }的第一個{ $day }當天結束。

currencies-months = { $months } 個月
currencies-years = { $years } 年

currencies-delay = 取得 { days }後才能使用。

currencies-taken-back =
    { $policy ->
        [clamp] 若使用之後，當初取得它的活動被取消，則無須補回。
        [reject] 一經使用，當初取得它的活動便不能取消。
       *[deficit] 若使用之後，當初取得它的活動被取消，則由之後取得的部分補回。
    }
currencies-restored = 取消兌換後退回的部分至少 { days }內有效。
currencies-reinstated = 過期的部分，如在最後一天之後 { days }內有就診、購買或其他活動，可恢復一次。
currencies-reinstated-on = 過期的部分，如在最後一天之後 { days }內有{ $activity }，可恢復一次。
currencies-reinstated-life = 恢復後的效期，按最後一天的次日取得計算。
