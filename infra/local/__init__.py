"""Tessera on one machine: the embedded engine, an API Gateway stand-in, and `tessera serve`."""
