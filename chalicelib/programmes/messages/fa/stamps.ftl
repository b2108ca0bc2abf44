stamps-full = { $name }: با { $stamps } مهر { $units } × { $gives } می‌گیرید.
stamps-daily = حداکثر { $stamps } مهر در روز.
stamps-earned =
    { $per ->
        [activity] هر { $activity } یک مهر می‌آورد.
        [line] هر ردیف پرداخت‌شده در { $activity } یک مهر می‌آورد.
       *[unit] هر واحد پرداخت‌شده در { $activity } یک مهر می‌آورد.
    }
stamps-least = اگر برای آنچه حساب می‌شود کمتر از { $money } پرداخت شود، مهری نیست.
