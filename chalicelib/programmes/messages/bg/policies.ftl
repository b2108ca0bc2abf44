policies-whom = По закон има значение кой плаща лечението Ви: Medicare, Medicaid и подобни, както и когато това не е известно.
policies-cash = При тях няма пари в брой и нищо, което се ползва като пари.
policies-each = При тях един подарък струва най-много { $value }.
policies-year = При тях всички подаръци за една календарна година струват най-много { $value }.
policies-no-earning = По закон нищо не се печели от: { $names }.
policies-no-money-off = По закон нищо не се отбива от: { $names }.
policies-then-no-earning = При тях нищо не се печели от: { $names }.
