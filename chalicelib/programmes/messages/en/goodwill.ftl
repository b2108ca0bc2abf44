goodwill-credit = Where something went wrong, staff may credit { $name }.
