wallets-prepaid = 购买时优先以{ $name }支付。
wallets-band = 充值满 { $money }：优惠 { $percent }%。
wallets-rate = { $value }抵账单 { $money }。
wallets-most = 最多抵账单的 { $percent }%。
wallets-counts = 以此支付的计为消费。
wallets-apart = 以此支付的不计为消费。
