date_gifts-value = { $name }：{ $day }贈送 { $value }。
date_gifts-units = { $name }：{ $day }贈送{ $gives } × { $units }。
date_gifts-birthday = 生日當天
date_gifts-anniversary = 每年入會週年日
date_gifts-tiers = 限{ $tiers }會員。
