rewards-price = { $name }需 { $value }。
rewards-gift = { $name }免费。
rewards-by-staff = 由工作人员发放。
rewards-payee = 所付归 { $payee }。
rewards-ordered = 兑换后下单，可查看配送进度。
rewards-tiers = 限{ $tiers }会员。
rewards-limit = 每位会员{ window }最多 { times }。
rewards-stock = 共 { $stock } 份。
rewards-voucher = 兑换券 { days }内有效。
rewards-owed = 货品备好或寄出后，兑换券便不再过期。
rewards-on-return =
    使用兑换券的购买全部退回时，该券{ $policy ->
        [give_back] 恢复有效，天数为使用时的剩余天数。
       *[until_last_day] 恢复有效，至其最后一天为止。
    }

rewards-gives-tier = 可享{ $tier }等级 { days }。
rewards-gives-units = 可得{ $name } × { $units }。
rewards-automatic = 满 { $value }即自动兑换。

rewards-not-now = 目前不提供。
rewards-missing = 还差 { $value }。
rewards-none-left = 已兑完。
rewards-tier-held = 现有的{ $tier }等级不低于此等级。
rewards-too-many = 免费次数已达上限，请先使用一部分。
