date_gifts-value = { $name }: { $value } на { $day }.
date_gifts-units = { $name }: { $units } × { $gives } на { $day }.
date_gifts-birthday = рождения ден
date_gifts-anniversary = всяка годишнина от включването
date_gifts-tiers = За членове с ниво { $tiers }.
