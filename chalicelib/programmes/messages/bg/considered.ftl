considered-already-free = Това, за което важи, вече е безплатно.
considered-below-min-bill = Нужна е сметка от поне { $needed }; не достигат { $missing }.
considered-comes-to-nothing = Изчисленото е нула.
considered-excluded = Изключено е.
considered-for-others = Тези цени са за други.
considered-goods-only = Ваучерът не намалява сметката: той е за друго.
considered-held-until = Важеше до { $day } включително.
considered-household-not-spent = Домакинството още не е похарчило { $needed }.
considered-household-too-small =
    Домакинството е от { $there ->
        [one] { $there } член
       *[other] { $there } членове
    }, а са нужни поне { $needed }.
considered-limit-reached = Ограничението е достигнато.
considered-no-household = Членът не е в домакинство.
considered-no-lower-price = За тези редове няма по-ниска цена.
considered-no-status = На { $day } не важи нито един от нужните статути.
considered-none-left = Нищо не е останало.
considered-not-at-location = Важи за други места.
considered-not-entitled = Членът няма това право.
considered-not-in-scope = Не се купува нищо, за което важи.
considered-not-on-day = Не важи на { ENDED($day, ".") }
considered-not-spent = Похарчени са { $there } от нужните { $needed }.
considered-not-spent-in-window = Още не са похарчени { $needed } в срока.
considered-nothing-due = Няма какво да се плаща.
considered-other-programme = Ваучерът е от друга програма: { $programme }.
considered-others-gave-more = Други дават повече.
considered-policy-forbids = Законът не го допуска ({ $rule }).
considered-presented-twice = Вече е представено.
considered-role-not-named = Не е за тази роля: { $role }.
considered-steps-too-large = Плаща на стъпки, по-големи от дела му в сметката.
considered-tier-not-named = Не е за ниво { $tier }.
considered-too-few-units =
    Пълният комплект е от { $needed ->
        [one] { $needed } брой
       *[other] { $needed } броя
    }, а има { $there }.
considered-too-little-asked = Може да се плати с поне { $needed }, а са поискани { $there }.
considered-too-little-there = Може да се плати с поне { $needed }, а има { $there }.
considered-voucher-needed = Нужен е ваучер „{ $reward }“.
