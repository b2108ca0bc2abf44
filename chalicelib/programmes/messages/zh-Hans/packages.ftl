packages-hold = { $name }：每次{ $activity } { $sku } 可得{ $gives } × { $units }。
packages-last = 须在 { days }内使用。
