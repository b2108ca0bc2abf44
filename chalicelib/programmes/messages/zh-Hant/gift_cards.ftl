gift_cards-price = { $name }：面額 { $money } 的禮品卡。
gift_cards-between = { $name }：面額 { $least } 至 { $most } 的禮品卡。
gift_cards-pay = 持有卡號者皆可在此付款，可一次或分次使用，不能兌換現金。
gift_cards-never = 永久有效。
gift_cards-rolling = 自售出之日起 { $life }內有效，最後一天全天可用。
gift_cards-rounded =
    效期至售出滿 { $life }的當{ $period ->
        [month] 月
        [quarter] 季
        [half] 半年
       *[year] 年
    }底。
gift_cards-dated = 效期至{ $date }當天結束。
gift_cards-yearly = 效期至售出後的下一個{ $day }當天結束。
gift_cards-distant = 效期至售出後至少 { days }的第一個{ $day }當天結束。
gift_cards-into-wallet = 會員可將其存入自己的錢包（{ $name }），效期不因此延長。
gift_cards-no-wallet = 不能存入會員的錢包。
