entitlements-granted = { $name }：限獲贈者享用。
entitlements-open = { $name }：{ $holders }可享用。
entitlements-quota = { $name }：{ $holders }，{ window }可享用 { $units } 次。
entitlements-waives = 報價時，每個列入的單位使用一次，該單位免費。
