statuses-shown = { $name }: важи, след като бъде доказано.
statuses-last = Доказва се отново след { days }.
statuses-consent = Нужно е съгласие за „{ $purpose }“; без него данните се заличават.
