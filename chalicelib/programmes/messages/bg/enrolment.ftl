enrolment-joining = За включване са нужни: { $needs }.
enrolment-consent = съгласие за „{ $purpose }“
enrolment-so-far = Досега: { $visits }.
