packages-hold = { $name }：每次{ $activity } { $sku } 可得{ $gives } × { $units }。
packages-last = 須在 { days }內使用。
packages-price = 價格為 { $money }。未使用的部分可退款，每次使用按價格平均計算。
packages-unused = 價格為 { $money }。退回時退還所付金額，每使用一次扣除 { $each }。
