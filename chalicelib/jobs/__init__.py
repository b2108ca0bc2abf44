"""What runs by itself: scheduled, queued and streamed work."""
