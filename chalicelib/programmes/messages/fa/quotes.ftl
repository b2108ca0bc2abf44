quotes-stand = پیش‌فاکتور { $minutes } دقیقه اعتبار دارد.
