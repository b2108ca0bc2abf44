currencies-never = { $name } منقضی نمی‌شود.
currencies-rolling = { $name } تا پایان روزی که { $life } پس از دریافت آن است قابل استفاده است.
currencies-rounded =
    { $name } تا پایان آن { $period ->
        [month] ماه
        [quarter] سه‌ماهه
        [half] نیم‌سال
       *[year] سال
    } میلادی که در آن { $life } از دریافت آن می‌گذرد قابل استفاده است.
currencies-inactivity = { $name } تا پایان روزی که { $life } پس از دریافت آن یا پس از آخرین مراجعه، خرید یا فعالیت دیگر است قابل استفاده است.
currencies-inactivity-on = { $name } تا پایان روزی که { $life } پس از دریافت آن یا پس از آخرین { $activity } است قابل استفاده است.
currencies-extended = پس از هر مراجعه، خرید یا فعالیت دیگر دست‌کم { $life } قابل استفاده است.
currencies-extended-on = پس از هر { $activity } دست‌کم { $life } قابل استفاده است.
currencies-in-tier = آنچه در سطح { $tier } به دست می‌آید: { $sentence }
currencies-dated = { $name } تا پایان { $date } قابل استفاده است.
currencies-yearly = { $name } تا پایان نخستین { $day } پس از دریافت آن قابل استفاده است.
currencies-distant = { $name } تا پایان نخستین { $day } که دست‌کم { days } پس از دریافت آن است قابل استفاده است.

currencies-months = { $months } ماه
currencies-years = { $years } سال

currencies-delay = { days } پس از دریافت قابل استفاده می‌شود.

currencies-taken-back =
    { $policy ->
        [clamp] اگر آنچه آن را به همراه داشته پس از مصرف لغو شود، بدهی‌ای نمی‌ماند.
        [reject] پس از مصرف، آنچه آن را به همراه داشته دیگر لغو نمی‌شود.
       *[deficit] اگر آنچه آن را به همراه داشته پس از مصرف لغو شود، کمبود از دریافت‌های بعدی جبران می‌شود.
    }
currencies-restored = آنچه با لغو دریافت جایزه برمی‌گردد دست‌کم { days } قابل استفاده است.
currencies-reinstated = آنچه منقضی شده، اگر تا { days } پس از آخرین روزش مراجعه، خرید یا فعالیت دیگری باشد، یک بار برمی‌گردد.
currencies-reinstated-on = آنچه منقضی شده، اگر تا { days } پس از آخرین روزش { $activity } باشد، یک بار برمی‌گردد.
currencies-reinstated-life = سپس چنان می‌ماند که گویی روز پس از آخرین روزش دریافت شده است.
