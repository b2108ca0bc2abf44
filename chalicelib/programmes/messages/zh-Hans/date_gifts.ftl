date_gifts-value = { $name }：{ $day }赠送 { $value }。
date_gifts-units = { $name }：{ $day }赠送{ $gives } × { $units }。
date_gifts-birthday = 生日当天
date_gifts-anniversary = 每年入会纪念日
date_gifts-tiers = 限{ $tiers }会员。
