quotes-stand = 报价 { $minutes } 分钟内有效。
