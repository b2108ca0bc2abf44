"""The services around the ledger, one module each: what use cases ask of them, as ports."""
