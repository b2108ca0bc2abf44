"""Each mechanic of a programme is one module: its rules, its progress, one pure function."""
