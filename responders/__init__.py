"""Decide and speak: drafts, review, approval and the one door out."""
