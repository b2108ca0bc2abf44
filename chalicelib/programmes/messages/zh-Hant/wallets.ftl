wallets-prepaid = 購買時優先以{ $name }支付。
wallets-band =
    { $by ->
        [every] 每儲值 { $money }
        [month] 一個月內儲值累計滿 { $money }
        [year] 一年內儲值累計滿 { $money }
        [lifetime] 儲值累計滿 { $money }
       *[top_up] 儲值滿 { $money }
    }：減免 { $percent }%。
wallets-rest = 超出的儲值金額不享減免。
wallets-rate = { $value }折抵帳單 { $money }。
wallets-most = 最多折抵帳單的 { $percent }%。
wallets-counts = 以此支付的列為消費。
wallets-apart = 以此支付的不列為消費。
