"""The pure core: no I/O, clock, randomness or environment; time and ids are arguments."""
