wallets-prepaid = Purchases are paid with { $name } before all else.
wallets-band = Paid in from { $money }: { $percent } % off.
wallets-rate = { $value } for { $money } of a bill.
wallets-most = At most { $percent } % of it.
