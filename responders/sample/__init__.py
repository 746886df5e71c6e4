"""What the sample brand answers with: reply templates and common answers in four languages, invented for it."""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "templates.jsonl"
FAQ: Final = Path(__file__).parent / "faq.jsonl"
