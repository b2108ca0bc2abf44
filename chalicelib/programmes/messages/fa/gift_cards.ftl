gift_cards-price = { $name }: کارت هدیه به مبلغ { $money }.
gift_cards-between = { $name }: کارت هدیه از { $least } تا { $most }.
gift_cards-pay = هر کس کد آن را داشته باشد می‌تواند اینجا با آن پرداخت کند، یکجا یا در چند نوبت. وجه نقد آن پرداخت نمی‌شود.
gift_cards-never = منقضی نمی‌شود.
gift_cards-rolling = تا پایان روزی که { $life } پس از فروش آن است قابل استفاده است.
gift_cards-rounded =
    تا پایان آن { $period ->
        [month] ماه
        [quarter] سه‌ماهه
        [half] نیم‌سال
       *[year] سال
    } میلادی که در آن { $life } از فروش آن می‌گذرد قابل استفاده است.
gift_cards-dated = تا پایان { $date } قابل استفاده است.
gift_cards-yearly = تا پایان نخستین { $day } پس از فروش آن قابل استفاده است.
gift_cards-distant = تا پایان نخستین { $day } که دست‌کم { days } پس از فروش آن است قابل استفاده است.
gift_cards-into-wallet = اعضا می‌توانند آن را به کیف پول خود ({ $name }) منتقل کنند؛ مهلت آن بیشتر نمی‌شود.
gift_cards-no-wallet = به کیف پول اعضا منتقل نمی‌شود.
