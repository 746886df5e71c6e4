"""The console: one page a file."""
