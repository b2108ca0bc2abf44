entitlements-granted = { $name }：限获赠者享用。
entitlements-open = { $name }：{ $holders }可享用。
entitlements-quota = { $name }：{ $holders }，{ window }可享用 { $units } 次。
entitlements-waives = 报价时，每个计入的单位用去一次，该单位免费。
