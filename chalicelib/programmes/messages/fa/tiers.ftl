tiers-first = همه از سطح { $tier } آغاز می‌کنند.
tiers-given = سطح { $tier } را کلینیک، همراه یک طرح یا به‌عنوان جایزه می‌دهد.
tiers-reached =
    سطح { $tier } با { $needs } { $window ->
        [calendar_year] در یک سال میلادی
        [anniversary] در یک سال عضویت
        [calendar_month] در یک ماه میلادی
        [rolling] در { $days } روز
       *[lifetime] در مجموع
    } به دست می‌آید.
tiers-waits = پس از پایان این مدت آغاز می‌شود.

tiers-events = { $events } بار { $activity }
tiers-together = ({ $needs })
tiers-earned = { $value } کسب‌شده

tiers-kept = پس از رسیدن به آن، همیشه می‌ماند.
tiers-yearly =
    تا پایان سال بعد می‌ماند؛ { $downgrade ->
        [one_level] سالی که دوباره به آن نرسد یک سطح کم می‌کند
       *[to_earned] پس از سالی که دوباره به آن نرسد، سطحی می‌آید که آن سال به آن رسیده است
    }{ tiers-grace }.
tiers-monthly =
    تا پایان ماه میلادی بعد می‌ماند؛ { $downgrade ->
        [one_level] ماهی که دوباره به آن نرسد یک سطح کم می‌کند
       *[to_earned] پس از ماهی که دوباره به آن نرسد، سطحی می‌آید که آن ماه به آن رسیده است
    }{ tiers-grace }.
tiers-rolling =
    { $days } روز می‌ماند؛ اگر در این روزها دوباره به آن نرسید، { $downgrade ->
        [one_level] یک سطح کم می‌شود
       *[to_earned] سطحی می‌آید که به آن رسیده‌اید
    }{ tiers-grace }.
tiers-grace =
    { $grace ->
        [0] { "" }
       *[other] ، { $grace } روز دیرتر
    }

tiers-benefits = مزایای آن: { $names }.
