policies-whom = By law it matters who pays for your care: Medicare, Medicaid and the like, and whoever is not known.
policies-cash = For them there is no cash, and nothing that is used like cash.
policies-each = For them one gift is worth { $value } at most.
policies-year = For them all gifts of a calendar year are worth { $value } at most.
