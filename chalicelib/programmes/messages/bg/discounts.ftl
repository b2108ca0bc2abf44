discounts-spend =
    { $name }: { $percent }% отстъпка при { $spent } или повече { $window ->
        [calendar_year] през календарната година
       *[lifetime] общо
    }.
discounts-spend-step = По { $percent }% повече за всеки следващи { $every }, но не повече от { $most }%.
discounts-basis =
    { $basis ->
        [after] Самата сметка също се брои.
       *[before] Самата сметка още не се брои.
    }
discounts-shared = Събира се похарченото от всички в домакинството.
discounts-window =
    { $name }: { $percent }% отстъпка { $days ->
        [one] { $days } ден
       *[other] { $days } дни
    } след { $spent } { $window ->
        [calendar_year] през една календарна година
       *[rolling] за { $window_days ->
            [one] { $window_days } ден
           *[other] { $window_days } дни
        }
    }.
discounts-dates = { $name }: { $percent }% отстъпка на { ENDED($days, ".") }
discounts-birthday = рождения ден
discounts-list = ден от списъка „{ $list }“
discounts-around =
    Започва { $before ->
        [0] в самия ден
        [one] { $before } ден по-рано
       *[other] { $before } дни по-рано
    } и свършва { $after ->
        [0] в самия ден
        [one] { $after } ден по-късно
       *[other] { $after } дни по-късно
    }.
discounts-status = { $name }: { $percent }% отстъпка за: { $statuses }.
discounts-household =
    { $name }: { $percent }% отстъпка в домакинство от { $members ->
        [one] поне { $members } член
       *[other] поне { $members } членове
    }.
discounts-roles = За тези, които са в него като { $roles }.
discounts-role =
    { $role ->
        [adult] възрастен
        [child] дете
       *[dependant] лице на издръжка
    }
discounts-tiers = { $name }: { $shares }.
discounts-share = { $percent }% отстъпка за ниво { $tier }
discounts-prices = { $name }: { $prices } за брой.
discounts-price = { $service } за { $money }
discounts-only = Само за: { $holders }.
discounts-voucher-percent = { $name }: { $percent }% отстъпка срещу ваучер „{ $reward }“.
discounts-voucher-money = { $name }: отстъпка { $money } срещу ваучер „{ $reward }“.
discounts-sets-free =
    { $name }: купете { $buy } и получете { $get } безплатно: { $get ->
        [one] най-евтиния
       *[other] най-евтините
    } от всеки пълен комплект.
discounts-sets-less =
    { $name }: купете { $buy } и получете { $get } с { $percent }% отстъпка: { $get ->
        [one] най-евтиния
       *[other] най-евтините
    } от всеки пълен комплект.
discounts-sets-return = Ако след връщане останат по-малко пълни комплекти, отстъпката за останалото се удържа от възстановената сума.
discounts-min-bill = Важи за сметка от поне { $money }. Ако след връщане остане по-малко, отстъпката за останалото се удържа от възстановената сума.
discounts-limit-money =
    Най-много { $money } отстъпка { $window ->
        [order] на поръчка
        [day] на ден
        [week] на седмица
        [month] на месец
        [year] на година
       *[lifetime] общо
    }.
discounts-limit-units =
    За най-много { $units ->
        [one] { $units } брой
       *[other] { $units } броя
    } { $window ->
        [order] на поръчка
        [day] на ден
        [week] на седмица
        [month] на месец
        [year] на година
       *[lifetime] общо
    }, първо най-скъпите.
discounts-limit-orders =
    В най-много { $orders ->
        [one] { $orders } поръчка
       *[other] { $orders } поръчки
    } { $window ->
        [order] на поръчка
        [day] на ден
        [week] на седмица
        [month] на месец
        [year] на година
       *[lifetime] общо
    }.
discounts-limit-of = Това ограничение е за { $names }.

discounts-stacking =
    { $stacking ->
        [best_of] От няколко отстъпки за всеки ред важи най-добрата.
        [additive] Няколко отстъпки се събират.
       *[sequential] От няколко отстъпки всяка се прилага върху остатъка след предишните.
    }
discounts-most = Няколко заедно намаляват най-много с { $percent }%.
discounts-best = Не се събира с { $names }: важи това, което дава най-много.
