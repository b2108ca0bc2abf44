policies-whom = 依照法律，由誰支付您的醫療費用會有影響：Medicare、Medicaid 等公共保障，以及付款方不明的情況。
policies-cash = 對其不提供現金或可當現金使用之物。
policies-each = 對其每份禮品價值最多 { $value }。
policies-year = 對其一個曆年內全部禮品價值最多 { $value }。
policies-no-earning = 依照法律，下列項目不能累積任何回饋：{ $names }。
policies-no-money-off = 依照法律，下列項目不能減價：{ $names }。
policies-then-no-earning = 對其下列項目不能累積任何回饋：{ $names }。
