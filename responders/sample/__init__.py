"""What the sample brand answers with: reply templates in four languages, invented for it."""

from pathlib import Path
from typing import Final

TEMPLATES: Final = Path(__file__).parent / "templates.jsonl"
