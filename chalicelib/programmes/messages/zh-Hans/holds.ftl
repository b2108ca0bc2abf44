holds-last = 价值可预留 { $minutes } 分钟，最长 { $most } 分钟。
