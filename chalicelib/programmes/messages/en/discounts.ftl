# What each discount takes off, and for whom.
discounts-spend =
    { $name }: { $percent } % off from { $spent } { $window ->
        [calendar_year] in the calendar year
       *[lifetime] in all
    }.
discounts-spend-step = { $percent } % more for each further { $every }, { $most } % at most.
discounts-basis =
    { $basis ->
        [after] The bill itself counts.
       *[before] The bill itself does not count yet.
    }
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
discounts-list = a day of the list “{ $list }”
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
# The services of a price are those of the tenant, by article.
discounts-prices = { $name }: { $prices } each.
discounts-price = { $service } for { $money }
discounts-only = Only for { $holders }.
discounts-voucher-percent = { $name }: { $percent } % off for a voucher of “{ $reward }”.
discounts-voucher-money = { $name }: { $money } off for a voucher of “{ $reward }”.
discounts-sets-free = { $name }: buy { $buy }, get { $get } free, the cheapest of each full set.
discounts-sets-less = { $name }: buy { $buy }, get { $get } at { $percent } % off, the cheapest of each full set.
discounts-sets-return = Where a return leaves fewer full sets, what it took off the rest is kept back from the refund.
discounts-min-bill = From a bill of { $money } on. Where a return leaves less, what it took off the rest is kept back from the refund.

# The most that one takes off.
discounts-limit-money =
    At most { $money } off { $window ->
        [order] an order
        [day] a day
        [week] a week
        [month] a month
        [year] a year
       *[lifetime] in all
    }.
discounts-limit-units =
    For at most { $units ->
        [one] { $units } unit
       *[other] { $units } units
    } { $window ->
        [order] an order
        [day] a day
        [week] a week
        [month] a month
        [year] a year
       *[lifetime] in all
    }, the dearest first.
discounts-limit-orders =
    In at most { $orders ->
        [one] { $orders } order
       *[other] { $orders } orders
    } { $window ->
        [order] an order
        [day] a day
        [week] a week
        [month] a month
        [year] a year
       *[lifetime] in all
    }.
discounts-limit-of = That limit is for { $names }.

# How several of them go together.
discounts-stacking =
    { $stacking ->
        [best_of] Of several discounts a line gets the best.
        [additive] Several discounts add up.
       *[sequential] Of several discounts each is taken off what the others left.
    }
discounts-most = Several together take off { $percent } % at most.
discounts-best = Does not add to { $names }: what gives most counts.
