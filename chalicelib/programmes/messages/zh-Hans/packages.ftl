packages-hold = { $name }：每次{ $activity } { $sku } 可得{ $gives } × { $units }。
packages-last = 须在 { days }内使用。
packages-price = 价格为 { $money }。未使用的部分可退款，每次使用按价格平均计算。
packages-unused = 价格为 { $money }。退回时退还所付金额，每使用一次扣除 { $each }。
