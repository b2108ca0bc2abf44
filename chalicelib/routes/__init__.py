"""One blueprint a resource; `http` holds what they share."""
