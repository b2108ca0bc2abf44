"""Where and how Tessera runs: the data stack, declared once, and the local runtime."""
