"""Example programmes, which are documentation and tests too, and the JSON Schema for editors."""
