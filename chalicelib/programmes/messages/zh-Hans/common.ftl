# Sentences follow one another without a space.
sentence-gap = { "" }

amount = { $number } { $name }
money = { $number } { $currency }

others = 另外 { $others } 项
days = { $days } 天
times = { $times } 次

counted = 计入：{ $names }。
not-counted = 不计入：{ $names }。

described = { ENDED($text, "。") }

usable-for = 有效期 { days }。
leap-day = 没有 2月29日的年份以{ $day }代替。

visits = 就诊 { $visits } 次
visits-on = 就诊 { $visits } 次（每次{ $activity }计为一次）
referrals = 推荐 { $referrals } 次
referrals-on = 推荐 { $referrals } 次（每次{ $activity }计为一次）
spent = 消费 { $money }
spent-on = 消费 { $money }（{ $activity }计入）
window =
    { $window ->
        [activity] 每次
        [day] 每天
        [week] 每周
        [month] 每月
        [year] 每年
       *[lifetime] 累计
    }

activity =
    { $kind ->
        [checkup-completed] 体检
        [payment-received] 付款
        [purchase-completed] 购买
        [referral-completed] 成功推荐
        [steps-recorded] 步数记录
        [visit-completed] 就诊
        [exercise-recorded] 运动记录
        [vaccination-completed] 接种疫苗
        [lecture-attended] 参加讲座
        [survey-completed] 完成问卷
        [profile-completed] 完善资料
        [medicine-returned] 退回药品
        [goal-met] 达成目标
       *[other] “{ $subject } { $action }”
    }
activity-bare = “{ $subject }”

end-of-february = 2月的最后一天

season-between = 自{ $first }至{ $last }。
season-since = 自{ $first }起。
season-until = 至{ $last }。

# Where something is offered, by the ids of locations.
places = 仅限下列地点：{ $names }。
