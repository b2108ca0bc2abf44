packages-hold = { $name }：每次{ $activity } { $sku } 可得{ $gives } × { $units }。
packages-last = 須在 { days }內使用。
