"""One verb a file: load, settle, decide, commit."""
