packages-hold = { $name }: { $units } × { $gives } with each { $activity } of { $sku }.
packages-last = To be used within { days }.
packages-price = It costs { $money }. What is not used is refunded, at an equal share of that for each use.
packages-unused = It costs { $money }. Who returns it gets back what they paid, less { $each } for each use.
