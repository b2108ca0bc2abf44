currencies-never = { CAPITALISED($name) }: без краен срок.
currencies-rolling = { CAPITALISED($name) }: могат да се използват до края на деня, който е { $life } след получаването им.
currencies-rounded =
    { CAPITALISED($name) }: могат да се използват до края на { $period ->
        [month] месеца, в който
        [quarter] тримесечието, в което
        [half] полугодието, в което
       *[year] годината, в която
    } се навършват { $life } от получаването им.
currencies-inactivity = { CAPITALISED($name) }: могат да се използват до края на деня, който е { $life } след получаването им или след последното посещение, покупка или друга дейност.
currencies-inactivity-on = { CAPITALISED($name) }: могат да се използват до края на деня, който е { $life } след получаването им или след последната дейност от вида: { $activity }.
currencies-extended = След всяко посещение, покупка или друга дейност могат да се използват поне { $life }.
currencies-extended-on = Могат да се използват поне { $life } след всяка дейност от вида: { $activity }.
currencies-in-tier = Получени с ниво { $tier }: { $sentence }
currencies-dated = { CAPITALISED($name) }: могат да се използват до края на { ENDED($date, ".") }
currencies-yearly = { CAPITALISED($name) }: могат да се използват до края на първия следващ { $day } след получаването им.
currencies-distant = { CAPITALISED($name) }: могат да се използват до края на първия { $day }, който е поне { days } след получаването им.

currencies-months =
    { $months ->
        [one] { $months } месец
       *[other] { $months } месеца
    }
currencies-years =
    { $years ->
        [one] { $years } година
       *[other] { $years } години
    }

currencies-delay = Могат да се използват { days } след получаването им.

currencies-taken-back =
    { $policy ->
        [clamp] Ако това, за което са получени, бъде отменено, след като са използвани, нищо не се дължи.
        [reject] След като са използвани, това, за което са получени, не може да бъде отменено.
       *[deficit] Ако това, за което са получени, бъде отменено, след като са използвани, разликата се покрива от следващите получени.
    }
currencies-restored = Върнатото при отказана награда може да се използва поне { days }.
currencies-reinstated = Изтеклото се връща веднъж, при посещение, покупка или друга дейност в рамките на { days } след последния му ден.
currencies-reinstated-on = Изтеклото се връща веднъж, ако в рамките на { days } след последния му ден има дейност от вида: { $activity }.
currencies-reinstated-life = След това важи така, сякаш е получено на деня след последния му ден.
