stamps-full = { $name }: { $stamps } stamps give { $units } × { $gives }.
stamps-daily = At most { $stamps } a day.
stamps-earned =
    { $per ->
        [activity] Each { $activity } brings a stamp.
        [line] Each paid line of a { $activity } brings a stamp.
       *[unit] Each paid unit in a { $activity } brings a stamp.
    }
stamps-least = Where less than { $money } is paid for what counts, there is none.
