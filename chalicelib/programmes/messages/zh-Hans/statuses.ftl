statuses-shown = { $name }：出示证明后生效。
statuses-last = { days }后须再次出示。
statuses-consent = 须同意“{ $purpose }”，否则即予删除。
