# What comes by itself once a year, and when.
date_gifts-value = { $name }: { $value } on { $day }.
date_gifts-units = { $name }: { $units } × { $gives } on { $day }.
date_gifts-birthday = the birthday
date_gifts-anniversary = every anniversary of joining
date_gifts-tiers = For members in { $tiers }.
