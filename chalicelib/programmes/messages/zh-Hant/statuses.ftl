statuses-shown = { $name }：出示證明後生效。
statuses-last = { days }後須再次出示。
statuses-consent = 須同意「{ $purpose }」，否則即予刪除。
