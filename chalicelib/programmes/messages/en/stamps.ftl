stamps-full = { $name }: { $stamps } stamps give { $units } × { $gives }.
stamps-daily = At most { $stamps } a day.
