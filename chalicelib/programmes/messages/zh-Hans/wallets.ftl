wallets-prepaid = 购买时优先以{ $name }支付。
wallets-band =
    { $by ->
        [every] 每充值 { $money }
        [month] 一个月内充值累计满 { $money }
        [year] 一年内充值累计满 { $money }
        [lifetime] 充值累计满 { $money }
       *[top_up] 充值满 { $money }
    }：优惠 { $percent }%。
wallets-rest = 超出的充值金额不享受优惠。
wallets-rate = { $value }抵账单 { $money }。
wallets-most = 最多抵账单的 { $percent }%。
wallets-counts = 以此支付的计为消费。
wallets-apart = 以此支付的不计为消费。
