wallets-prepaid = Purchases are paid with { $name } before all else.
wallets-band = Paid in from { $money }: { $percent } % off.
wallets-rate = { $value } for { $money } of a bill.
wallets-most = At most { $percent } % of it.
wallets-counts = What it pays counts as spent.
wallets-apart = What it pays does not count as spent.
