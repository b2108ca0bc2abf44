entitlements-granted = { $name }: برای کسانی که به آن‌ها داده شده است.
entitlements-open = { $name }: برای { $holders }.
entitlements-quota = { $name }: { $units } بار { window } برای { $holders }.
entitlements-waives = در پیش‌فاکتور برای هر واحدی که حساب می‌شود یکی مصرف می‌شود و آن واحد رایگان است.
