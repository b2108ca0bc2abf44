policies-whom = 依照法律，由谁支付您的医疗费用会有影响：Medicare、Medicaid 等公共保障，以及付款方不明的情况。
policies-cash = 对其不提供现金或可当现金使用之物。
policies-each = 对其每份礼品价值最多 { $value }。
policies-year = 对其一个自然年内全部礼品价值最多 { $value }。
