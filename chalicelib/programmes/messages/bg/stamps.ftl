stamps-full =
    { $name }: { $stamps ->
        [one] { $stamps } печат дава
       *[other] { $stamps } печата дават
    } { $units } × { $gives }.
stamps-daily =
    { $stamps ->
        [one] Най-много { $stamps } печат на ден.
       *[other] Най-много { $stamps } печата на ден.
    }
stamps-earned =
    { $per ->
        [activity] За { $activity } се получава печат.
        [line] За всеки платен ред при { $activity } се получава печат.
       *[unit] За всяка платена бройка при { $activity } се получава печат.
    }
stamps-least = Ако за броеното са платени по-малко от { $money }, няма печат.
