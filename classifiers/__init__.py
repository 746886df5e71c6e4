"""Text in, judgement out: knows no mention and no database."""
