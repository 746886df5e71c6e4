"""How often a question finds its answer in another language, with the shipped model.

    python benchmarks/answers.py [FAQ.jsonl]

FAQ.jsonl is in the format of `replies.faq`, with every key in several languages (keys may hold underscores here). The
default is the sample brand's, of which the middles are made: its figures flatter. Each question is asked of the entries
of one other language, and of those of all other languages together.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from classifiers.encoder import Encoder
from responders.drafting import Entry, Source, Vector, middles, nearest
from responders.meaning import EncoderReader, Meanings
from responders.sample import FAQ
from responders.shelf import reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """How many of `asked` questions had their answer first, and among the first three."""

    asked: int
    first: int
    among_three: int

    @property
    def row(self) -> str:
        """As shares."""
        return f"{self.first / self.asked:6.1%} {self.among_three / self.asked:6.1%}  (n = {self.asked})"


def read(file: Path) -> list[Entry]:
    """The entries of a FAQ file."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [
        Entry(
            source=Source.FAQ,
            group=row["key"],
            name=row["key"],
            lang=row["lang"],
            asked=row["question"],
            text=row["answer"],
            at=None,
        )
        for row in rows
    ]


def measure(known: list[Entry]) -> dict[str, Found]:
    """Shares by `from → to`, and `all others together`; raises ModelUnavailable."""
    base = reference()
    meanings = Meanings(load=lambda: EncoderReader(encoder=Encoder.load())).of(entry.asked for entry in (*known, *base))
    centre = middles(base, meanings)
    languages = sorted({entry.lang or "" for entry in known})
    found = {
        f"{asked} → {to}": _found(
            [entry for entry in known if entry.lang == asked], [e for e in known if e.lang == to], meanings, centre
        )
        for asked in languages
        for to in languages
        if to != asked
    }
    together = [
        _found([entry], [other for other in known if other.lang != entry.lang], meanings, centre) for entry in known
    ]
    found["all others together"] = Found(
        asked=len(together),
        first=sum(one.first for one in together),
        among_three=sum(one.among_three for one in together),
    )
    return found


def _found(
    asked: list[Entry], known: list[Entry], meanings: Mapping[str, Vector], centre: Mapping[str | None, Vector]
) -> Found:
    first = among = 0
    for entry in asked:
        near = nearest(meanings[entry.asked], known, meanings, lang=entry.lang, middles=centre)
        groups = [one.entry.group for one in near]
        first += groups[:1] == [entry.group]
        among += entry.group in groups
    return Found(asked=len(asked), first=first, among_three=among)


def main() -> None:
    """Print the table."""
    file = Path(sys.argv[1]) if len(sys.argv) > 1 else FAQ
    for pair, found in measure(read(file)).items():
        sys.stdout.write(f"{pair:22} {found.row}\n")


if __name__ == "__main__":
    main()
