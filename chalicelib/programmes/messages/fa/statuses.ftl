statuses-shown = { $name }: پس از ارائه مدرک حساب می‌شود.
statuses-last = پس از { days } باید دوباره مدرک ارائه شود.
statuses-consent = رضایت به «{ $purpose }» می‌خواهد و بدون آن پاک می‌شود.
