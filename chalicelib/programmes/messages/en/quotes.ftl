quotes-stand =
    A quote stands for { $minutes ->
        [one] { $minutes } minute
       *[other] { $minutes } minutes
    }.
