# How a tier is reached.
tiers-first = Everyone begins in { $tier }.
tiers-given = { $tier } is given by the clinic, with a plan or for a reward.
tiers-reached =
    { $tier } is reached with { $needs } { $window ->
        [calendar_year] in a calendar year
        [anniversary] in a year of membership
        [calendar_month] in a calendar month
        [rolling] in { days }
       *[lifetime] in all
    }.
tiers-waits = It begins when the time is over.

# What reaching it takes; visits, referrals and what is spent are in common.ftl.
tiers-events = { $events } × { $activity }
# What counts as one among others.
tiers-together = ({ $needs })
tiers-earned = { $value } earned

# How it is kept, and what follows where it is not.
tiers-kept = Once reached it is kept.
tiers-yearly =
    It lasts through the next year; { $downgrade ->
        [one_level] a year that does not reach it again costs one tier
       *[to_earned] after a year that does not reach it again comes the tier that the year did reach
    }{ tiers-grace }.
tiers-monthly =
    It lasts through the next month; { $downgrade ->
        [one_level] a month that does not reach it again costs one tier
       *[to_earned] after a month that does not reach it again comes the tier that the month did reach
    }{ tiers-grace }.
tiers-rolling =
    It lasts { days }; if those do not reach it again { $downgrade ->
        [one_level] it costs one tier
       *[to_earned] the tier follows that they did reach
    }{ tiers-grace }.
tiers-grace =
    { $grace ->
        [0] { "" }
        [one] , { $grace } day later
       *[other] , { $grace } days later
    }

tiers-benefits = It brings: { $names }.
