rewards-price = { $name } струва { $value }.
rewards-gift = { $name }: безплатно.
rewards-by-staff = Връчва се от служителите.
rewards-payee = Цената отива за { $payee }.
rewards-ordered = Поръчва се, и се вижда докъде е стигнала поръчката.
rewards-tiers = За членове с ниво { $tiers }.
rewards-limit = Най-много { times } { window } за всеки член.
rewards-stock =
    { $stock ->
        [one] Има { $stock } брой.
       *[other] Има { $stock } броя.
    }
rewards-voucher = Ваучерът важи { days }.
rewards-owed = Щом е готово или изпратено, ваучерът вече не изтича.
rewards-on-return =
    Когато се върне цялата покупка, за която е използван ваучерът, той { $policy ->
        [give_back] важи отново още толкова дни, колкото са му оставали.
       *[until_last_day] важи отново до последния си ден.
    }

rewards-gives-tier = Дава ниво { $tier } за { days }.
rewards-gives-units = Дава { $units } × { $name }.
rewards-automatic = Получава се автоматично, щом се съберат { $value }.

rewards-not-now = Сега не се предлага.
rewards-missing = Не достигат { $value }.
rewards-none-left = Няма останали бройки.
rewards-tier-held = Сегашното ниво { $tier } не е по-ниско.
rewards-too-many = Събрани са толкова безплатни ползвания, колкото е възможно: първо използвайте някои.
