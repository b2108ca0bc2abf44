"""Programmes as data: the document, its sections, conditions and words."""
