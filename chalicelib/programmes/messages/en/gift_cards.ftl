# Gift cards: what one costs, how long it lasts, and what it is good for.
gift_cards-price = { $name }: a gift card of { $money }.
gift_cards-between = { $name }: a gift card of { $least } to { $most }.
gift_cards-pay = Whoever has its code can pay with it here, all at once or in parts. It is not paid out in cash.
gift_cards-never = It does not expire.
gift_cards-rolling = It can be used until the end of the day { $life } after the sale.
gift_cards-rounded =
    It can be used until the end of the { $period ->
        [month] month
        [quarter] quarter
        [half] half-year
       *[year] year
    } in which { $life } have passed since the sale.
gift_cards-dated = It can be used until the end of { $date }.
# The day is one of every year: "31 December".
gift_cards-yearly = It can be used until the end of the next { $day } after the sale.
gift_cards-distant = It can be used until the end of the first { $day } that is at least { days } after the sale.
gift_cards-into-wallet = Members can put it into their wallet ({ $name }), where it lasts no longer.
gift_cards-no-wallet = It cannot be put into a member's wallet.
