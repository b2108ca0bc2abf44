packages-hold = { $name }: { $units } × { $gives } при { $activity } на { $sku }.
packages-last = Трябва да се използват в срок от { days }.
packages-price = Струва { $money }. Неизползваното се възстановява, по равен дял от цената за всяко ползване.
packages-unused = Струва { $money }. При връщане се възстановява платеното, намалено с { $each } за всяко ползване.
