"""Whole documents, as authors and readers need them: checked, advised on, put into words."""
