tiers-first = Всички започват с ниво { $tier }.
tiers-given = Ниво { $tier } се дава от клиниката, с план или като награда.
tiers-reached =
    Ниво { $tier } се достига при { $needs } { $window ->
        [calendar_year] за една календарна година
        [anniversary] за една година членство
        [calendar_month] за един календарен месец
        [rolling] за { $days ->
            [one] { $days } ден
           *[other] { $days } дни
        }
       *[lifetime] общо
    }.
tiers-waits = Започва, когато този срок изтече.

tiers-events = { $events } × { $activity }
tiers-together = ({ $needs })
tiers-earned = спечелени { $value }

tiers-kept = Веднъж достигнато, то се запазва.
tiers-yearly =
    Важи и през следващата година; { $downgrade ->
        [one_level] след година, която не го достигне отново, се пада с едно ниво
       *[to_earned] след година, която не го достигне отново, следва нивото, което тя е достигнала
    }{ tiers-grace }.
tiers-monthly =
    Важи и през следващия месец; { $downgrade ->
        [one_level] след месец, който не го достигне отново, се пада с едно ниво
       *[to_earned] след месец, който не го достигне отново, следва нивото, което той е достигнал
    }{ tiers-grace }.
tiers-rolling =
    Важи { $days ->
        [one] { $days } ден
       *[other] { $days } дни
    }; ако те не го достигнат отново, { $downgrade ->
        [one_level] се пада с едно ниво
       *[to_earned] следва нивото, което са достигнали
    }{ tiers-grace }.
tiers-grace =
    { $grace ->
        [0] { "" }
        [one] , { $grace } ден по-късно
       *[other] , { $grace } дни по-късно
    }

tiers-benefits = Носи: { $names }.
