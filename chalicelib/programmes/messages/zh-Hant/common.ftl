# Sentences follow one another without a space.
sentence-gap = { "" }

amount = { $number } { $name }
money = { $number } { $currency }

others = 另外 { $others } 項
days = { $days } 天
times = { $times } 次

counted = 計入：{ $names }。
not-counted = 不計入：{ $names }。

described = { ENDED($text, "。") }

usable-for = 效期 { days }。
leap-day = 沒有 2月29日的年份以{ $day }代替。

visits = 就診 { $visits } 次
visits-on = 就診 { $visits } 次（每次{ $activity }算一次）
referrals = 推薦 { $referrals } 次
referrals-on = 推薦 { $referrals } 次（每次{ $activity }算一次）
spent = 消費 { $money }
spent-on = 消費 { $money }（{ $activity }列入計算）
window =
    { $window ->
        [activity] 每次
        [day] 每天
        [week] 每週
        [month] 每月
        [year] 每年
       *[lifetime] 累計
    }

activity =
    { $kind ->
        [checkup-completed] 健康檢查
        [payment-received] 付款
        [purchase-completed] 購買
        [referral-completed] 成功推薦
        [steps-recorded] 步數紀錄
        [visit-completed] 就診
        [exercise-recorded] 運動紀錄
        [vaccination-completed] 接種疫苗
        [lecture-attended] 參加講座
        [survey-completed] 填寫問卷
        [profile-completed] 填寫個人資料
        [medicine-returned] 退回藥品
        [goal-met] 達成目標
       *[other] 「{ $subject } { $action }」
    }
activity-bare = 「{ $subject }」

end-of-february = 2月的最後一天

season-between = 自{ $first }至{ $last }。
season-since = 自{ $first }起。
season-until = 至{ $last }。

# Where something is offered, by the ids of locations.
places = 僅限下列地點：{ $names }。
