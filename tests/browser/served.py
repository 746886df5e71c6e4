"""The console as a browser test meets it: all of it, but for the reply check, whose stand-in needs no model."""

from responders import checking
from tests.console.seed import WordChecker

checking.load_checker = lambda _settings: WordChecker()  # type: ignore[assignment]  # a stand-in, see above

from app import app  # noqa: E402 - after the stand-in is in place: app.py opens the console

__all__ = ["app"]
