# How long value lasts.  The name is that of a currency: "points".
currencies-never = { CAPITALISED($name) } can be used without a time limit.
currencies-rolling = { CAPITALISED($name) } can be used until the end of the day { $life } after being earned.
currencies-rounded =
    { CAPITALISED($name) } can be used until the end of the { $period ->
        [month] month
        [quarter] quarter
        [half] half-year
       *[year] year
    } that comes { $life } after being earned.
currencies-inactivity = { CAPITALISED($name) } can be used until the end of the day { $life } after being earned, or after the last visit, purchase or other activity.
currencies-inactivity-on = { CAPITALISED($name) } can be used until the end of the day { $life } after being earned, or after the last { $activity }.
currencies-extended = After every visit, purchase or other activity, use is possible for { $life } at least.
currencies-extended-on = After every { $activity }, use is possible for { $life } at least.
currencies-in-tier = Earned in { $tier }: { $sentence }
currencies-dated = { CAPITALISED($name) } can be used until the end of { $date }.
# The day is one of every year: "31 December".
currencies-yearly = { CAPITALISED($name) } can be used until the end of the next { $day } after being earned.
currencies-distant = { CAPITALISED($name) } can be used until the end of the first { $day } that is at least { days } after being earned.

# How long a life is.
currencies-months =
    { $months ->
        [one] { $months } month
       *[other] { $months } months
    }
currencies-years =
    { $years ->
        [one] { $years } year
       *[other] { $years } years
    }

# Follows an expiry or what a rule earns.
currencies-delay = What is earned becomes usable { days } later.

# What becomes of value that was used before what earned it was cancelled: a purchase returned, say.
currencies-taken-back =
    { $policy ->
        [clamp] If an activity is cancelled after what it earned was used, nothing is owed.
        [reject] An activity cannot be cancelled once what it earned was used.
       *[deficit] If an activity is cancelled after what it earned was used, what is earned next makes up for it.
    }
currencies-restored = What a cancelled redemption gives back can be used for { days } at least.
currencies-reinstated = What has expired comes back, once, with a visit, purchase or other activity within { days } after its last day.
currencies-reinstated-on = What has expired comes back, once, with a { $activity } within { days } after its last day.
currencies-reinstated-life = It then lasts as if it had been earned on the day after its last day.
