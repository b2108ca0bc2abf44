# What each discount takes off, and for whom.
discounts-spend = { $name }: { $percent } % off from { $spent } spent.
discounts-spend-step = { $percent } % more for each further { $every }, { $most } % at most.
discounts-shared = What everyone in the household spends counts together.
discounts-window =
    { $name }: { $percent } % off for { days } after { $spent } in { $window ->
        [calendar_year] a calendar year
       *[rolling] { $window_days ->
            [one] { $window_days } day
           *[other] { $window_days } days
        }
    }.
discounts-dates = { $name }: { $percent } % off on { $days }.
discounts-birthday = the birthday
discounts-around =
    It begins { $before ->
        [0] on the day
        [one] { $before } day before
       *[other] { $before } days before
    } and ends { $after ->
        [0] on the day
        [one] { $after } day after
       *[other] { $after } days after
    }.
discounts-status = { $name }: { $percent } % off with { $statuses }.
discounts-household = { $name }: { $percent } % off in a household of { $members } or more.
discounts-roles = For those who are there as { $roles }.
discounts-role =
    { $role ->
        [adult] adult
        [child] child
       *[dependant] dependant
    }
discounts-tiers = { $name }: { $shares }.
discounts-share = { $percent } % off in { $tier }
discounts-prices =
    { $name }: member prices for { $services ->
        [one] { $services } service
       *[other] { $services } services
    }.
discounts-voucher-percent = { $name }: { $percent } % off for a voucher.
discounts-voucher-money = { $name }: { $money } off for a voucher.

# How several of them go together.
discounts-stacking =
    { $stacking ->
        [best_of] Of several discounts a line gets the best.
        [additive] Several discounts add up, to { $percent } % at most.
       *[sequential] Of several discounts each is taken off what the others left.
    }
