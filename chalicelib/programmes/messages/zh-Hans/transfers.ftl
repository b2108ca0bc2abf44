transfers-any = 会员之间可以转赠{ $name }。
transfers-from = 会员之间可以转赠{ $name }，每次至少 { $least }。
transfers-between = 会员之间可以转赠{ $name }，每次 { $least } 至 { $most }。
transfers-expiry =
    { $expiry ->
        [fresh] 有效期如同当天获得。
       *[keep] 有效期不变。
    }
transfers-wait = 所得须满 { $days } 天后方可转赠。
transfers-most =
    每位会员{ window }最多{ $side ->
        [sending] 转出
       *[receiving] 转入
    } { $most }。
transfers-times =
    每位会员{ window }最多{ $side ->
        [sending] 转出
       *[receiving] 转入
    } { times }。
