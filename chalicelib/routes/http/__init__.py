"""What every resource stands on: from a request to a checked call, and from its reply to HTTP."""
