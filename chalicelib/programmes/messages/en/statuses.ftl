statuses-shown = { $name }: counts once it has been shown.
statuses-last = It is to be shown again after { days }.
statuses-consent = It takes consent to “{ $purpose }”, and is forgotten without it.
