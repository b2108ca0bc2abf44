packages-hold = { $name }: { $units } × { $gives }.
packages-last = To be used within { days }.
