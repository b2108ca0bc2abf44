policies-whom = 依照法律，由谁支付您的医疗费用会有影响：Medicare、Medicaid 等公共保障，以及付款方不明的情况。
policies-cash = 对其不提供现金或可当现金使用之物。
policies-each = 对其每份礼品价值最多 { $value }。
policies-year = 对其一个自然年内全部礼品价值最多 { $value }。
policies-no-earning = 依照法律，下列项目不能累积任何回馈：{ $names }。
policies-no-money-off = 依照法律，下列项目不能减价：{ $names }。
policies-then-no-earning = 对其下列项目不能累积任何回馈：{ $names }。
