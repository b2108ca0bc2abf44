# Who may use what.  The holders are the names of tiers and plans.
entitlements-granted = { $name }: for those to whom it is granted.
entitlements-open = { $name }: for { $holders }.
entitlements-quota = { $name }: { $units } { window } for { $holders }.
# The lines that count follow.
entitlements-waives = A quote uses one for each unit that counts, and charges nothing for it.
