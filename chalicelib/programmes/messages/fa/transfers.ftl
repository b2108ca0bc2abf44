transfers-any = اعضا می‌توانند { $name } به یکدیگر بدهند.
transfers-from = اعضا می‌توانند { $name } به یکدیگر بدهند، هر بار { $least } یا بیشتر.
transfers-between = اعضا می‌توانند { $name } به یکدیگر بدهند، هر بار از { $least } تا { $most }.
transfers-expiry =
    { $expiry ->
        [fresh] مهلت آن چنان است که گویی همان روز به دست آمده است.
       *[keep] آخرین روز آن همان می‌ماند.
    }
transfers-wait = آنچه کسب شده است { $days } روز پس از آن قابل انتقال است.
transfers-most =
    هر عضو می‌تواند حداکثر { $most } { window } { $side ->
        [sending] بفرستد
       *[receiving] دریافت کند
    }.
transfers-times =
    هر عضو می‌تواند حداکثر { times } { window } { $side ->
        [sending] بفرستد
       *[receiving] دریافت کند
    }.
