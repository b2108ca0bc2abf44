wallets-prepaid = 購買時優先以{ $name }支付。
wallets-band = 儲值滿 { $money }：減免 { $percent }%。
wallets-rate = { $value }折抵帳單 { $money }。
wallets-most = 最多折抵帳單的 { $percent }%。
wallets-counts = 以此支付的列為消費。
wallets-apart = 以此支付的不列為消費。
