packages-hold = { $name }: { $units } × { $gives } با هر { $activity } از { $sku }.
packages-last = باید ظرف { days } مصرف شود.
packages-price = قیمت آن { $money } است. مبلغ بخش استفاده‌نشده، به سهم برابر برای هر بار استفاده، بازگردانده می‌شود.
packages-unused = قیمت آن { $money } است. هنگام پس دادن، مبلغ پرداختی منهای { $each } برای هر بار استفاده بازگردانده می‌شود.
