"""Text that is changed step by step and still knows where each of its characters came from.

Every step is linear in the length of the text. Positions are kept in machine arrays (8 bytes a character), and not
at all while nothing has changed.
"""

from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from re import Match, Pattern

from classifiers.types import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class CleanText:
    """A changed text with the place in the original of each of its characters.

    Character `i` of `text` stands for code points `origins[i]` (included) to `ends[i]` (excluded) of the original;
    both sequences never decrease. `quotes` are the parts of the original that the writer quoted from somebody else,
    in order and apart from each other.
    """

    text: str
    origins: Sequence[int]
    ends: Sequence[int]
    quotes: tuple[Span, ...] = ()

    def span(self, start: int, end: int) -> Span:
        """Where code points `start` to `end` of `text` stand in the original.

        An empty range gives an empty span. Raises IndexError outside of `text`.
        """
        if not 0 <= start <= end <= len(self.text):
            raise IndexError(f"{start}..{end} is outside of a text of {len(self.text)} characters")
        if start < end:
            return Span(start=self.origins[start], end=self.ends[end - 1])
        at = self.origins[start] if start < len(self.text) else (self.ends[-1] if self.text else 0)
        return Span(start=at, end=at)


def untouched(text: str) -> CleanText:
    """A text in which nothing has been changed yet."""
    return CleanText(text=text, origins=range(len(text)), ends=range(1, len(text) + 1))


def rewrite(
    given: CleanText, pattern: Pattern[str], replace: Callable[[Match[str]], str | None], *, align: bool = False
) -> CleanText:
    """Replace each match of `pattern`; `replace` gives the new text, or None to leave the match as it is.

    A replacement as long as its match keeps the places one by one. Another stands for the whole match, except that
    with `align` it keeps the match's own places as far as it goes (for a replacement that only appends).
    """
    text, origins, ends = given.text, given.origins, given.ends
    pieces: list[str] = []
    new_origins, new_ends = array("I"), array("I")
    done = 0
    for match in pattern.finditer(text):
        new = replace(match)
        start, end = match.span()
        if new is None or start == end or new == match[0]:
            continue
        pieces += (text[done:start], new)
        new_origins.extend(origins[done:start])
        new_ends.extend(ends[done:start])
        same = min(end - start, len(new)) if align or len(new) == end - start else 0
        new_origins.extend(origins[start : start + same])
        new_ends.extend(ends[start : start + same])
        if rest := len(new) - same:
            new_origins.extend([origins[end - 1 if same else start]] * rest)
            new_ends.extend([ends[end - 1]] * rest)
        done = end
    if not pieces:
        return given
    pieces.append(text[done:])
    new_origins.extend(origins[done:])
    new_ends.extend(ends[done:])
    return CleanText(text="".join(pieces), origins=new_origins, ends=new_ends, quotes=given.quotes)


def translated(given: CleanText, table: dict[int, str]) -> CleanText:
    """Replace single characters by single characters; places stay as they are."""
    text = given.text.translate(table)
    if text == given.text:
        return given
    return CleanText(text=text, origins=given.origins, ends=given.ends, quotes=given.quotes)


def without(given: CleanText, gaps: Sequence[tuple[int, int]], filler: str) -> CleanText:
    """Cut out ranges of `given.text` (in order, apart from each other), each leaving `filler` in its place."""
    pieces: list[str] = []
    origins, ends = array("I"), array("I")
    done = 0
    for start, end in gaps:
        if start == end:
            continue
        pieces += (given.text[done:start], filler)
        origins.extend(given.origins[done:start])
        ends.extend(given.ends[done:start])
        origins.extend([given.origins[start]] * len(filler))
        ends.extend([given.ends[end - 1]] * len(filler))
        done = end
    if not pieces:
        return given
    pieces.append(given.text[done:])
    origins.extend(given.origins[done:])
    ends.extend(given.ends[done:])
    return CleanText(text="".join(pieces), origins=origins, ends=ends, quotes=given.quotes)
