# What the sentences of the other files are made of.  A message may use another one of the folder,
# which then has the same variables.

# Between two sentences; some languages have nothing there.
sentence-gap = { " " }

# A number of a programme's currency, and a sum of money with its ISO 4217 code.
amount = { $number } { $name }
money = { $number } { $currency }

# How many more there are at the end of a list.
others =
    { $others ->
        [one] { $others } other
       *[other] { $others } others
    }

days =
    { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
times =
    { $times ->
        [1] once
       *[other] { $times } times
    }
# Which lines of an activity count; the names are categories and articles.
counted = Counted: { $names }.
not-counted = Not counted: { $names }.

# What the author says of something, in the author's words.
described = { ENDED(CAPITALISED($text), ".") }

usable-for = Usable for { days }.
leap-day = Where there is no 29 February, { $day } stands for it.

# What is counted towards tiers, discounts and joining.
visits =
    { $visits ->
        [one] { $visits } completed visit
       *[other] { $visits } completed visits
    }
visits-on =
    { $visits ->
        [one] { $visits } visit
       *[other] { $visits } visits
    } (a { $activity } counts as one)
referrals =
    { $referrals ->
        [one] { $referrals } referral
       *[other] { $referrals } referrals
    }
referrals-on =
    { $referrals ->
        [one] { $referrals } referral
       *[other] { $referrals } referrals
    } (a { $activity } counts as one)
spent = { $money } spent
spent-on = { $money } spent (a { $activity } counts)
window =
    { $window ->
        [activity] each time
        [day] a day
        [week] a week
        [month] a month
        [year] a year
       *[lifetime] in all
    }

# A kind of activity.  Those without a name here are the programme's own words, such as the subject
# "bill" and the action "paid early"; those of one part have no action.
activity =
    { $kind ->
        [checkup-completed] completed check-up
        [payment-received] payment
        [purchase-completed] purchase
        [referral-completed] successful referral
        [steps-recorded] count of steps
        [visit-completed] completed visit
       *[other] { $action } { $subject }
    }
activity-bare = { $subject }

# A day of every year that has another date in a leap year.
end-of-february = last day of February

season-between = From { $first } to { $last }.
season-since = From { $first } on.
season-until = Until { $last }.

# Where something is offered, by the ids of locations.
places = Only at: { $names }.
