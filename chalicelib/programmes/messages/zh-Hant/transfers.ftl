transfers-any = 會員之間可以轉贈{ $name }。
transfers-from = 會員之間可以轉贈{ $name }，每次至少 { $least }。
transfers-between = 會員之間可以轉贈{ $name }，每次 { $least } 至 { $most }。
transfers-expiry =
    { $expiry ->
        [fresh] 效期如同當天取得。
       *[keep] 效期不變。
    }
transfers-wait = 所得須滿 { $days } 天後方可轉贈。
transfers-most =
    每位會員{ window }最多{ $side ->
        [sending] 轉出
       *[receiving] 轉入
    } { $most }。
transfers-times =
    每位會員{ window }最多{ $side ->
        [sending] 轉出
       *[receiving] 轉入
    } { times }。
