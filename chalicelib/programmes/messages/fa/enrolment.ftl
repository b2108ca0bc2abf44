enrolment-joining = برای عضویت لازم است: { $needs }.
enrolment-consent = رضایت به «{ $purpose }»
enrolment-so-far = تا اکنون: { $visits }.
