rewards-price = { $name }需 { $value }。
rewards-gift = { $name }免费。
rewards-by-staff = 由工作人员发放。
rewards-payee = 所付归 { $payee }。
rewards-tiers = 限{ $tiers }会员。
rewards-limit = 每位会员{ window }最多 { times }。
rewards-stock = 共 { $stock } 份。
rewards-voucher = 兑换券 { days }内有效。

rewards-gives-tier = 可享{ $tier }等级 { days }。
rewards-gives-units = 可得{ $name } × { $units }。
rewards-automatic = 满 { $value }即自动兑换。
