"""See and keep: collect mentions, judge, prioritise and alert."""
