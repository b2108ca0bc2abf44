sentence-gap = { " " }

amount = { $number } { $name }
money = { $number } { $currency }

others = още { $others }
days =
    { $days ->
        [one] { $days } ден
       *[other] { $days } дни
    }
times =
    { $times ->
        [1] веднъж
       *[other] { $times } пъти
    }

counted = Брои се: { $names }.
not-counted = Не се брои: { $names }.

described = { ENDED(CAPITALISED($text), ".") }

usable-for = Важи { days }.
leap-day = В години без 29 февруари вместо него важи { $day }.

visits =
    { $visits ->
        [one] { $visits } посещение
       *[other] { $visits } посещения
    }
visits-on =
    { $visits ->
        [one] { $visits } посещение
       *[other] { $visits } посещения
    } (за посещение се брои: { $activity })
referrals =
    { $referrals ->
        [one] { $referrals } препоръка
       *[other] { $referrals } препоръки
    }
referrals-on =
    { $referrals ->
        [one] { $referrals } препоръка
       *[other] { $referrals } препоръки
    } (за препоръка се брои: { $activity })
spent = похарчени { $money }
spent-on = похарчени { $money } (брои се: { $activity })
window =
    { $window ->
        [activity] всеки път
        [day] на ден
        [week] на седмица
        [month] на месец
        [year] на година
       *[lifetime] общо
    }

# What a rule is for: { $activity } stands without an article, so that it need not agree.
activity =
    { $kind ->
        [checkup-completed] профилактичен преглед
        [payment-received] плащане
        [purchase-completed] покупка
        [referral-completed] успешна препоръка
        [steps-recorded] отчетени крачки
        [visit-completed] посещение
        [exercise-recorded] отчетена тренировка
        [vaccination-completed] ваксинация
        [lecture-attended] посетена лекция
        [survey-completed] попълнена анкета
        [profile-completed] попълнен профил
        [medicine-returned] върнато лекарство
        [goal-met] постигната цел
       *[other] { $subject } ({ $action })
    }
activity-bare = { $subject }

end-of-february = последен ден на февруари

# Dates end with an abbreviation, whose stop is that of the sentence too.
season-between = От { $first } до { ENDED($last, ".") }
season-since = От { $first } нататък.
season-until = До { ENDED($last, ".") }

# Where something is offered, by the ids of locations.
places = Само тук: { $names }.
