"""Parts of JSON that came from outside, taken only when they have the expected shape. Pure."""

from collections.abc import Mapping, Sequence


def text_of(fields: Mapping[str, object], key: str) -> str | None:
    """The text under a key; None when it is empty or no text."""
    value = fields.get(key)
    return value or None if isinstance(value, str) else None


def dict_of(value: object) -> Mapping[str, object]:
    """The object, or an empty one for whatever is none."""
    return value if isinstance(value, dict) else {}


def dicts_of(value: object) -> Sequence[Mapping[str, object]]:
    """The objects of a list; what is none is left out."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
