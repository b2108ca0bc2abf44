earning-fixed = За { $activity } получавате { $value }.
earning-amount = За { $activity } получавате { $value } на всеки { $money }.
earning-units =
    За { $activity } получавате { $value } за { $units ->
        [1] всяка отчетена единица
       *[other] всеки { $units } отчетени единици
    }.
earning-formula = За { $activity } получавате { $name }, които се изчисляват всеки път.
earning-tier = За ниво { $tier }: { $percent }% от това.
earning-always = Общо { $percent }% от това.
earning-multiplied = { $percent }% от това: { ENDED($when, ".") }
earning-sometimes = При допълнително условие: { $percent }% от това.

earning-condition = Важи при условие.
earning-when = Условие: { ENDED($when, ".") }
earning-rounding =
    { $rounding ->
        [floor] Дробната част отпада.
        [ceiling] Закръгля се нагоре.
        [half_up] Закръгля се до най-близкото цяло число.
       *[half_even] Закръгля се до най-близкото цяло число, половинките – до четното.
    }
earning-carried = Остатъкът под { $money } се прибавя към следващия път.
earning-at-least = Най-малко { $value } всеки път.
earning-at-most = Най-много { $value } всеки път.
earning-cap = Най-много { $most } { window }.
earning-cap-times = Най-много { times } { window }.
earning-cap-rejects = Което би надхвърлило това, не носи нищо.
earning-weekdays = Важи в тези дни: { $days }.
earning-recurs = Важи само в определени дни.
earning-recurs-since = Започва на { ENDED($first, ".") }
earning-hours = Важи от { $first } до { $last } ч.
earning-at-once = Могат да се използват веднага.

earning-best = Не се събира с { $names }: важи това, което дава най-много.
earning-first = Важи само първото приложимо от тези: { $names }.
