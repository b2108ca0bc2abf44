discounts-spend =
    { $name }：{ $window ->
        [calendar_year] 本曆年內
       *[lifetime] 累計
    }{ $spent }起減免 { $percent }%。
discounts-spend-step = 每再消費 { $every }，多減免 { $percent }%，最高 { $most }%。
discounts-basis =
    { $basis ->
        [after] 本次帳單也列入計算。
       *[before] 本次帳單尚不列入計算。
    }
discounts-shared = 全家的消費合併計算。
discounts-window =
    { $name }：{ $window ->
        [calendar_year] 一個曆年內
       *[rolling] { $window_days } 天內
    }{ $spent }後，{ $days } 天內減免 { $percent }%。
discounts-dates = { $name }：{ $days }減免 { $percent }%。
discounts-birthday = 生日當天
discounts-list = 「{ $list }」清單中的日期
discounts-around =
    { $before ->
        [0] 自當天
       *[other] 自前 { $before } 天
    }起，{ $after ->
        [0] 至當天
       *[other] 至後 { $after } 天
    }止。
discounts-status = { $name }：具備{ $statuses }者減免 { $percent }%。
discounts-household = { $name }：家庭成員達 { $members } 人，減免 { $percent }%。
discounts-roles = 限家庭中的{ $roles }。
discounts-role =
    { $role ->
        [adult] 成人
        [child] 兒童
       *[dependant] 受扶養人
    }
discounts-tiers = { $name }：{ $shares }。
discounts-share = { $tier }減免 { $percent }%
discounts-prices = { $name }：每件{ $prices }。
discounts-price = { $service } { $money }
discounts-only = 僅限{ $holders }。
discounts-voucher-percent = { $name }：憑「{ $reward }」券減免 { $percent }%。
discounts-voucher-money = { $name }：憑「{ $reward }」券折抵 { $money }。
discounts-sets-free = { $name }：買 { $buy } 件送 { $get } 件，每滿一組，價低者免費。
discounts-sets-less = { $name }：買 { $buy } 件，另 { $get } 件減免 { $percent }%，每滿一組，價低者享有。
discounts-sets-return = 退貨後完整組數減少者，所留部分已減免的金額自退款中扣除。
discounts-min-bill = 帳單滿 { $money } 方可享有。退貨後不足此額者，所留部分已減免的金額自退款中扣除。
discounts-limit-money =
    { $window ->
        [order] 每筆訂單
        [day] 每天
        [week] 每週
        [month] 每月
        [year] 每年
       *[lifetime] 總計
    }最多減免 { $money }。
discounts-limit-units =
    { $window ->
        [order] 每筆訂單
        [day] 每天
        [week] 每週
        [month] 每月
        [year] 每年
       *[lifetime] 總計
    }最多 { $units } 件享有優惠，價高者優先。
discounts-limit-orders =
    { $window ->
        [order] 每筆訂單
        [day] 每天
        [week] 每週
        [month] 每月
        [year] 每年
       *[lifetime] 總計
    }最多 { $orders } 筆訂單享有優惠。
discounts-limit-of = 此上限適用於{ $names }。

discounts-stacking =
    { $stacking ->
        [best_of] 有多項優惠時，每個項目取最優惠的一項。
        [additive] 多項優惠相加。
       *[sequential] 有多項優惠時，依序就前一項減免後的餘額計算。
    }
discounts-most = 多項合計最多減免 { $percent }%。
discounts-best = 不與{ $names }併用：取最優惠者。
