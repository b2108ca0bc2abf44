holds-last = 價值可保留 { $minutes } 分鐘，最長 { $most } 分鐘。
