sentence-gap = { " " }

amount = { $number } { $name }
money = { $number } { $currency }

others = { $others } مورد دیگر
# After a number nouns stay in the singular.
days = { $days } روز
times =
    { $times ->
        [1] یک بار
       *[other] { $times } بار
    }

counted = حساب می‌شود: { $names }.
not-counted = حساب نمی‌شود: { $names }.

# Only what is one part of several is isolated, so that the stop of another language stays with it.
described = { ENDED($text, ".") }{ "" }

usable-for = تا { days } قابل استفاده است.
leap-day = در سالی که ۲۹ فوریه ندارد، { $day } جای آن را می‌گیرد.

visits = { $visits } مراجعه
visits-on = { $visits } مراجعه (هر { $activity } یک مراجعه حساب می‌شود)
referrals = { $referrals } معرفی
referrals-on = { $referrals } معرفی (هر { $activity } یک معرفی حساب می‌شود)
spent = { $money } هزینه
spent-on = { $money } هزینه ({ $activity } حساب می‌شود)
# The programme's own months and years are Gregorian.
window =
    { $window ->
        [activity] در هر بار
        [day] در روز
        [week] در هفته
        [month] در ماه میلادی
        [year] در سال میلادی
       *[lifetime] در مجموع
    }

activity =
    { $kind ->
        [checkup-completed] چکاپ انجام‌شده
        [payment-received] پرداخت
        [purchase-completed] خرید
        [referral-completed] معرفی موفق
        [steps-recorded] ثبت قدم‌ها
        [visit-completed] مراجعه
        [exercise-recorded] ثبت ورزش
        [vaccination-completed] واکسیناسیون
        [lecture-attended] شرکت در سخنرانی
        [survey-completed] تکمیل نظرسنجی
        [profile-completed] تکمیل نمایه
        [medicine-returned] تحویل داروی برگشتی
        [goal-met] رسیدن به هدف
       *[other] { $subject } ({ $action })
    }
activity-bare = { $subject }

end-of-february = آخرین روز فوریه

season-between = از { $first } تا { $last }.
season-since = از { $first } به بعد.
season-until = تا { $last }.

# Where something is offered, by the ids of locations.
places = فقط در این مکان‌ها: { $names }.
