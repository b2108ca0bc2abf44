date_gifts-value = { $name }: { $value } در { $day }.
date_gifts-units = { $name }: { $units } × { $gives } در { $day }.
date_gifts-birthday = روز تولد
date_gifts-anniversary = هر سالگرد عضویت
date_gifts-tiers = برای اعضای سطح { $tiers }.
