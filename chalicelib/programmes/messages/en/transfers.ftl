# What members may give to one another.  The name is that of a currency.
transfers-any = Members may give { $name } to one another.
transfers-from = Members may give { $name } to one another, { $least } or more at once.
transfers-between = Members may give { $name } to one another, from { $least } to { $most } at once.
transfers-expiry =
    { $expiry ->
        [fresh] What is given lasts as if it had been earned that day.
       *[keep] What is given keeps its last day.
    }
transfers-wait =
    { $days ->
        [one] What was earned can be given once a day has passed since.
       *[other] What was earned can be given once { $days } days have passed since.
    }
transfers-most =
    A member may { $side ->
        [sending] send
       *[receiving] receive
    } at most { $most } { window }.
transfers-times =
    A member may { $side ->
        [sending] send
       *[receiving] receive
    } at most { times } { window }.
