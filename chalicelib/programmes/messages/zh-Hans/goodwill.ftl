goodwill-credit = 如有差错，工作人员可补发{ $name }。
