holds-last =
    Стойност може да се запази за { $minutes ->
        [one] { $minutes } минута
       *[other] { $minutes } минути
    }, най-много за { $most }.
