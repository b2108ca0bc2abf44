enrolment-joining = 入會需要{ $needs }。
enrolment-consent = 同意「{ $purpose }」
enrolment-so-far = 目前：{ $visits }。
