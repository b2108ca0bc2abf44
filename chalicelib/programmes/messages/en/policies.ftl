policies-whom = The law limits gifts where Medicare, Medicaid or the like pays for your care, or where it is not known who pays.
policies-cash = Then there is no cash, and nothing that is used like cash.
policies-each = Then one gift is worth { $value } at most.
policies-year = Then all gifts of a calendar year are worth { $value } at most.
policies-no-earning = By law nothing is earned by: { $names }.
policies-no-money-off = By law nothing is taken off: { $names }.
policies-then-no-earning = Then nothing is earned by: { $names }.
