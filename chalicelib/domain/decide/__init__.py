"""What follows from a command or from the passing of time: pure, over any number of accounts."""
