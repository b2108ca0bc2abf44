packages-hold = { $name }: { $units } × { $gives } با هر { $activity } از { $sku }.
packages-last = باید ظرف { days } مصرف شود.
