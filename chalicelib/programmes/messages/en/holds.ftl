holds-last =
    Value can be set aside for { $minutes ->
        [one] { $minutes } minute
       *[other] { $minutes } minutes
    }, { $most } at most.
