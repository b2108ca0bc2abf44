rewards-price = { $name }需 { $value }。
rewards-gift = { $name }免費。
rewards-by-staff = 由工作人員發放。
rewards-payee = 所付歸 { $payee }。
rewards-ordered = 兌換後下單，可查看配送進度。
rewards-tiers = 限{ $tiers }會員。
rewards-limit = 每位會員{ window }最多 { times }。
rewards-stock = 共 { $stock } 份。
rewards-voucher = 兌換券 { days }內有效。
rewards-owed = 貨品備妥或寄出後，兌換券便不再過期。
rewards-on-return =
    使用兌換券的購買全部退回時，該券{ $policy ->
        [give_back] 恢復有效，天數為使用時的剩餘天數。
       *[until_last_day] 恢復有效，至其最後一天為止。
    }

rewards-gives-tier = 可享{ $tier }等級 { days }。
rewards-gives-units = 可得{ $name } × { $units }。
rewards-automatic = 滿 { $value }即自動兌換。

rewards-not-now = 目前不提供。
rewards-missing = 還差 { $value }。
rewards-none-left = 已兌完。
rewards-tier-held = 現有的{ $tier }等級不低於此等級。
rewards-too-many = 免費次數已達上限，請先使用一部分。
