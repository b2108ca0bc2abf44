gift_cards-price = { $name }：面额 { $money } 的礼品卡。
gift_cards-between = { $name }：面额 { $least } 至 { $most } 的礼品卡。
gift_cards-pay = 持有卡号者均可在此付款，可一次或分次使用，不能兑换现金。
gift_cards-never = 永久有效。
gift_cards-rolling = 自售出之日起 { $life }内有效，最后一天全天可用。
gift_cards-rounded =
    有效期至售出满 { $life }的当{ $period ->
        [month] 月
        [quarter] 季度
        [half] 半年
       *[year] 年
    }末。
gift_cards-dated = 有效期至{ $date }当天结束。
gift_cards-yearly = 有效期至售出后的下一个{ $day }当天结束。
gift_cards-distant = 有效期至售出后至少 { days }的第一个{ $day }当天结束。
gift_cards-into-wallet = 会员可将其存入自己的钱包（{ $name }），有效期不会因此延长。
gift_cards-no-wallet = 不能存入会员的钱包。
