quotes-stand =
    Офертата е валидна { $minutes ->
        [one] { $minutes } минута
       *[other] { $minutes } минути
    }.
