entitlements-granted = { $name }: за тези, на които е предоставено.
entitlements-open = { $name }: за { $holders }.
entitlements-quota = { $name }: по { $units } { window } за { $holders }.
entitlements-waives = При оферта за всяка броена единица се използва по едно и тя не се заплаща.
