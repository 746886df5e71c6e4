"""One file a platform: one reply, sent once."""
