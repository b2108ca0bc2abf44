"""The ledger: accounts, their journals, and how the one follows from the other."""
