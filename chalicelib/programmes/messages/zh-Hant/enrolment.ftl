enrolment-joining = 入會需要{ $needs }。
enrolment-consent = 同意「{ $purpose }」
