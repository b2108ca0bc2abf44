wallets-prepaid = Purchases are paid with { $name } before all else.
wallets-band =
    { $by ->
        [every] For every { $money } paid in
        [month] Paid in from { $money } in a month, all together
        [year] Paid in from { $money } in a year, all together
        [lifetime] Paid in from { $money } in all
       *[top_up] Paid in from { $money }
    }: { $percent } % off.
wallets-rest = What is paid in beyond that brings nothing off.
wallets-rate = { $value } for { $money } of a bill.
wallets-most = At most { $percent } % of it.
wallets-counts = What it pays counts as spent.
wallets-apart = What it pays does not count as spent.
