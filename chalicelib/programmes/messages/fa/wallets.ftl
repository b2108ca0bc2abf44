wallets-prepaid = خریدها پیش از هر چیز با { $name } پرداخت می‌شود.
wallets-band = با واریز { $money } یا بیشتر: { $percent } درصد تخفیف.
wallets-rate = { $value } برای { $money } از صورتحساب.
wallets-most = حداکثر { $percent } درصد آن.
wallets-counts = آنچه با آن پرداخت شود هزینه حساب می‌شود.
wallets-apart = آنچه با آن پرداخت شود هزینه حساب نمی‌شود.
