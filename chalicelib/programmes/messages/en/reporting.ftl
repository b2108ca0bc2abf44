# Which days count.  The zone is an IANA name: "Europe/London".
reporting-days = Days begin and end by the clock of { $zone }.
reporting-late =
    { $days ->
        [0] What happened before joining earns nothing, nor what is reported after it happened.
       *[other] What happened before joining earns nothing, nor what is reported more than { days } after it happened.
    }
reporting-rate = { $foreign } that is paid counts as { $own }.

reporting-age-bands = Age groups: { $bands }. The clinic records from which day somebody is in one, and no year of birth.
