rewards-price = بهای { $name } { $value } است.
rewards-gift = { $name } رایگان است.
rewards-by-staff = کارکنان آن را می‌دهند.
rewards-payee = بهای آن به { $payee } می‌رسد.
rewards-ordered = سفارش داده می‌شود و می‌توان دید سفارش تا کجا رسیده است.
rewards-tiers = برای اعضای سطح { $tiers }.
rewards-limit = برای هر عضو حداکثر { times } { window }.
rewards-stock = { $stock } عدد موجود است.
rewards-voucher = کوپن آن { days } اعتبار دارد.
rewards-owed = همین که آماده یا فرستاده شود، کوپن آن دیگر منقضی نمی‌شود.
rewards-on-return =
    اگر همه خریدی که کوپن برای آن به کار رفته است مرجوع شود، کوپن { $policy ->
        [give_back] به همان تعداد روزی که باقی داشت دوباره اعتبار می‌یابد.
       *[until_last_day] تا آخرین روز خود دوباره اعتبار می‌یابد.
    }

rewards-gives-tier = سطح { $tier } را برای { days } می‌دهد.
rewards-gives-units = { $units } × { $name } می‌دهد.
rewards-automatic = همین که { $value } جمع شود، خودبه‌خود دریافت می‌شود.

rewards-not-now = اکنون ارائه نمی‌شود.
rewards-missing = { $value } دیگر لازم است.
rewards-none-left = موجودی آن تمام شده است.
rewards-tier-held = سطح کنونی، { $tier }، پایین‌تر نیست.
rewards-too-many = بیشترین تعداد ممکنِ استفاده رایگان جمع شده است: نخست از آن‌ها استفاده کنید.
