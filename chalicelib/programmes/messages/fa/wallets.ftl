wallets-prepaid = خریدها پیش از هر چیز با { $name } پرداخت می‌شود.
wallets-band =
    { $by ->
        [every] به ازای هر { $money } واریز
        [month] با واریز { $money } یا بیشتر، روی هم در یک ماه
        [year] با واریز { $money } یا بیشتر، روی هم در یک سال
        [lifetime] با واریز { $money } یا بیشتر، روی هم
       *[top_up] با واریز { $money } یا بیشتر
    }: { $percent } درصد تخفیف.
wallets-rest = آنچه بیش از آن واریز شود تخفیفی ندارد.
wallets-rate = { $value } برای { $money } از صورتحساب.
wallets-most = حداکثر { $percent } درصد آن.
wallets-counts = آنچه با آن پرداخت شود هزینه حساب می‌شود.
wallets-apart = آنچه با آن پرداخت شود هزینه حساب نمی‌شود.
