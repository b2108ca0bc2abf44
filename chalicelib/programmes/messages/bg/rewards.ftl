rewards-price = { $name } струва { $value }.
rewards-gift = { $name }: безплатно.
rewards-by-staff = Връчва се от служителите.
rewards-payee = Цената отива за { $payee }.
rewards-tiers = За членове с ниво { $tiers }.
rewards-limit = Най-много { times } { window } за всеки член.
rewards-stock =
    { $stock ->
        [one] Има { $stock } брой.
       *[other] Има { $stock } броя.
    }
rewards-voucher = Ваучерът важи { days }.

rewards-gives-tier = Дава ниво { $tier } за { days }.
rewards-gives-units = Дава { $units } × { $name }.
rewards-automatic = Получава се автоматично, щом се съберат { $value }.
