transfers-any = Членовете могат да си прехвърлят { $name }.
transfers-from = Членовете могат да си прехвърлят { $name }: поне { $least } наведнъж.
transfers-between = Членовете могат да си прехвърлят { $name }: от { $least } до { $most } наведнъж.
transfers-expiry =
    { $expiry ->
        [fresh] Срокът им започва отначало, както ако са получени в същия ден.
       *[keep] Последният им ден остава същият.
    }
transfers-wait =
    { $days ->
        [one] Спечеленото може да се прехвърли { $days } ден след това.
       *[other] Спечеленото може да се прехвърли { $days } дни след това.
    }
transfers-most =
    Един член може да { $side ->
        [sending] изпрати
       *[receiving] получи
    } най-много { $most } { window }.
transfers-times =
    Един член може да { $side ->
        [sending] изпраща
       *[receiving] получава
    } най-много { times } { window }.
