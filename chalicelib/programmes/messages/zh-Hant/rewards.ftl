rewards-price = { $name }需 { $value }。
rewards-gift = { $name }免費。
rewards-by-staff = 由工作人員發放。
rewards-payee = 所付歸 { $payee }。
rewards-tiers = 限{ $tiers }會員。
rewards-limit = 每位會員{ window }最多 { times }。
rewards-stock = 共 { $stock } 份。
rewards-voucher = 兌換券 { days }內有效。

rewards-gives-tier = 可享{ $tier }等級 { days }。
rewards-gives-units = 可得{ $name } × { $units }。
rewards-automatic = 滿 { $value }即自動兌換。
