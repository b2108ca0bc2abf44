stamps-full = { $name }：集滿 { $stamps } 個印章可得{ $gives } × { $units }。
stamps-daily = 每天最多 { $stamps } 個。
stamps-earned =
    { $per ->
        [activity] 每次{ $activity }得一個印章。
        [line] { $activity }中每個付費項目得一個印章。
       *[unit] { $activity }中每個付費單位得一個印章。
    }
stamps-least = 列入的項目付費不足 { $money }時，不得印章。
