packages-hold = { $name }: { $units } × { $gives } при { $activity } на { $sku }.
packages-last = Трябва да се използват в срок от { days }.
