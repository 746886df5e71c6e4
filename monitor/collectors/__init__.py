"""One file a platform: fetch and parse."""
