# What joining takes: visits and consents.
enrolment-joining = Joining takes { $needs }.
enrolment-consent = consent to “{ $purpose }”
enrolment-so-far = So far: { $visits }.
