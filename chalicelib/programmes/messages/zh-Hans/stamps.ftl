stamps-full = { $name }：集满 { $stamps } 枚印章可得{ $gives } × { $units }。
stamps-daily = 每天最多 { $stamps } 枚。
stamps-earned =
    { $per ->
        [activity] 每次{ $activity }得一枚印章。
        [line] { $activity }中每个付费项目得一枚印章。
       *[unit] { $activity }中每个付费单位得一枚印章。
    }
stamps-least = 计入的项目付费不足 { $money }时，不得印章。
