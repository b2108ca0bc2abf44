discounts-spend =
    { $name }: { $percent } درصد تخفیف از { $spent } { $window ->
        [calendar_year] در سال میلادی
       *[lifetime] در مجموع
    }.
discounts-spend-step = به ازای هر { $every } بیشتر { $percent } درصد دیگر، و حداکثر { $most } درصد.
discounts-basis =
    { $basis ->
        [after] خود صورتحساب هم حساب می‌شود.
       *[before] خود صورتحساب هنوز حساب نمی‌شود.
    }
discounts-shared = هزینه همه اعضای خانوار با هم حساب می‌شود.
discounts-window =
    { $name }: { $percent } درصد تخفیف تا { $days } روز پس از { $spent } { $window ->
        [calendar_year] در یک سال میلادی
       *[rolling] در { $window_days } روز
    }.
discounts-dates = { $name }: { $percent } درصد تخفیف در { $days }.
discounts-birthday = روز تولد
discounts-list = روزی از فهرست «{ $list }»
discounts-around =
    از { $before ->
        [0] همان روز
       *[other] { $before } روز پیش
    } آغاز و { $after ->
        [0] همان روز
       *[other] { $after } روز پس از آن
    } تمام می‌شود.
discounts-status = { $name }: { $percent } درصد تخفیف با { $statuses }.
discounts-household = { $name }: { $percent } درصد تخفیف در خانوار { $members } نفره یا بیشتر.
discounts-roles = برای کسی که در آن { $roles } است.
discounts-role =
    { $role ->
        [adult] بزرگسال
        [child] کودک
       *[dependant] تحت تکفل
    }
discounts-tiers = { $name }: { $shares }.
discounts-share = { $percent } درصد تخفیف در سطح { $tier }
discounts-prices = { $name }: هر عدد { $prices }.
discounts-price = { $service } به بهای { $money }
discounts-only = تنها برای { $holders }.
discounts-voucher-percent = { $name }: { $percent } درصد تخفیف با کوپن «{ $reward }».
discounts-voucher-money = { $name }: { $money } تخفیف با کوپن «{ $reward }».
discounts-sets-free = { $name }: { $buy } عدد بخرید و { $get } عدد رایگان بگیرید، ارزان‌ترین‌های هر دست کامل.
discounts-sets-less = { $name }: { $buy } عدد بخرید و { $get } عدد را با { $percent } درصد تخفیف بگیرید، ارزان‌ترین‌های هر دست کامل.
discounts-sets-return = اگر پس از مرجوع کردن دست‌های کامل کمتری بماند، تخفیف باقی‌مانده از مبلغ بازپرداختی کم می‌شود.
discounts-min-bill = برای صورتحساب دست‌کم { $money }. اگر پس از مرجوع کردن کمتر بماند، تخفیف باقی‌مانده از مبلغ بازپرداختی کم می‌شود.
discounts-limit-money =
    حداکثر { $money } تخفیف { $window ->
        [order] در هر سفارش
        [day] در روز
        [week] در هفته
        [month] در ماه
        [year] در سال
       *[lifetime] در مجموع
    }.
discounts-limit-units =
    برای حداکثر { $units } عدد { $window ->
        [order] در هر سفارش
        [day] در روز
        [week] در هفته
        [month] در ماه
        [year] در سال
       *[lifetime] در مجموع
    }، نخست گران‌ترین‌ها.
discounts-limit-orders =
    حداکثر { $orders } سفارش { $window ->
        [order] در هر سفارش
        [day] در روز
        [week] در هفته
        [month] در ماه
        [year] در سال
       *[lifetime] در مجموع
    }.
discounts-limit-of = این سقف برای { $names } است.

discounts-stacking =
    { $stacking ->
        [best_of] از چند تخفیف، برای هر ردیف بهترین آن‌ها حساب می‌شود.
        [additive] چند تخفیف با هم جمع می‌شوند.
       *[sequential] از چند تخفیف، هر یک از باقی‌مانده پس از تخفیف‌های پیشین کم می‌شود.
    }
discounts-most = چند تخفیف با هم حداکثر { $percent } درصد کم می‌کنند.
discounts-best = با { $names } جمع نمی‌شود: آنچه بیشتر می‌دهد حساب می‌شود.
