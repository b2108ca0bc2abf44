packages-hold = { $name }: { $units } × { $gives } with each { $activity } of { $sku }.
packages-last = To be used within { days }.
