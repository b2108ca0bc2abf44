wallets-prepaid = Покупките се плащат най-напред с { $name }.
wallets-band = При внасяне на поне { $money }: { $percent }% отстъпка.
wallets-rate = { $value } за { $money } от сметката.
wallets-most = Най-много { $percent }% от нея.
wallets-counts = Платеното с тях се брои за похарчено.
wallets-apart = Платеното с тях не се брои за похарчено.
