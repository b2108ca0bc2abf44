enrolment-joining = 入会需要{ $needs }。
enrolment-consent = 同意“{ $purpose }”
enrolment-so-far = 目前：{ $visits }。
