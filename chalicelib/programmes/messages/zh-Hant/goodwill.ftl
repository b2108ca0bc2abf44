goodwill-credit = 如有疏失，工作人員可補發{ $name }。
