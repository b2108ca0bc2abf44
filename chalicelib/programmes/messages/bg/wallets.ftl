wallets-prepaid = Покупките се плащат най-напред с { $name }.
wallets-band =
    { $by ->
        [every] За всеки внесени { $money }
        [month] При внасяне на общо поне { $money } в един месец
        [year] При внасяне на общо поне { $money } в една година
        [lifetime] При внасяне на общо поне { $money }
       *[top_up] При внасяне на поне { $money }
    }: { $percent }% отстъпка.
wallets-rest = Внесеното над това не носи отстъпка.
wallets-rate = { $value } за { $money } от сметката.
wallets-most = Най-много { $percent }% от нея.
wallets-counts = Платеното с тях се брои за похарчено.
wallets-apart = Платеното с тях не се брои за похарчено.
