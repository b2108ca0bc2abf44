packages-hold = { $name }: { $units } × { $gives } при { $activity } на { $sku }.
packages-last = Използва се до { days }.
