quotes-stand = 報價 { $minutes } 分鐘內有效。
