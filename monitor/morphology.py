"""Word forms for matching: the endings of Russian and Ukrainian, the clitics of Arabic, the plural of English.

A query's word is unfolded once into every form that may be met, so that reading a post is only looking words up.
Letters are compared in plain form (`key`). Russian and Ukrainian dictionaries (pymorphy3) are loaded on the first
Cyrillic word: about 0.2 s and 45 MB for both, measured on two shared cores.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final, Protocol

from classifiers.folding import one_script, plain_letters
from monitor.transliteration import likeliest_of, script_of, spellings_of

_APOSTROPHES: Final = dict.fromkeys(map(ord, "'’ʼ`´‘"), None)


class _Form(Protocol):
    word: str


class _Parse(Protocol):
    normal_form: str
    is_known: bool

    @property
    def lexeme(self) -> list[_Form]: ...


class _Analyzer(Protocol):
    def parse(self, word: str) -> list[_Parse]: ...
    def word_is_known(self, word: str) -> bool: ...


@lru_cache(maxsize=2)
def _analyzer(language: str) -> _Analyzer:
    # Imported here, for its dictionaries cost memory that a text without Cyrillic never needs.
    import pymorphy3  # type: ignore[import-untyped]  # noqa: PLC0415 - see above; it ships no types

    analyzer: _Analyzer = pymorphy3.MorphAnalyzer(lang=language)
    return analyzer


@lru_cache(maxsize=65_536)
def key(word: str) -> str:
    """The form in which words are compared: plain letters of one alphabet, without apostrophes."""
    return one_script(plain_letters(word.translate(_APOSTROPHES)))


# Arabic: one-letter words are written together with the next one, pronouns with the one before.
_CONJUNCTIONS: Final = ("", "و", "ف")
_PREPOSITIONS: Final = ("", "ب", "ل", "ك", "س")
_PROCLITICS: Final = tuple(
    sorted(
        {first + second + "ال" for first in _CONJUNCTIONS for second in ("", "ب", "ك")}
        | {first + "لل" for first in _CONJUNCTIONS}
        | {first + second for first in _CONJUNCTIONS for second in _PREPOSITIONS},
        key=len,
        reverse=True,
    )
)
_PRONOUNS: Final = ("", "ه", "ها", "هم", "هن", "هما", "ك", "كم", "كن", "كما", "ي", "ني", "نا")
_SHORTEST_STEM: Final = 3


@lru_cache(maxsize=65_536)
def arabic_stems(word: str) -> frozenset[str]:
    """An Arabic word (as a `key`) with and without what may be written together with it.

    A stem keeps three letters at least. Ta marbuta is `ه` in a key and `ت` before a pronoun, so both are given.
    """
    stems = {word}
    for before in _PROCLITICS:
        if not word.startswith(before):
            continue
        rest = word[len(before) :]
        for after in _PRONOUNS:
            if not rest.endswith(after) or len(rest) - len(after) < _SHORTEST_STEM:
                continue
            stem = rest[: len(rest) - len(after)]
            stems.add(stem)
            if after and stem.endswith("ت"):
                stems.add(stem[:-1] + "ه")
    return frozenset(stems)


def proclitics(start: str) -> tuple[str, ...]:
    """What may be written before a word that begins so: nothing, or in Arabic the one-letter words and the article."""
    return _PROCLITICS if "ء" <= start[:1] <= "ۓ" else ("",)


@lru_cache(maxsize=65_536)
def keys_of(word: str) -> frozenset[str]:
    """Every key under which a word of a post can be found."""
    plain = key(word)
    return arabic_stems(plain) if "ء" <= plain[:1] <= "ۓ" else frozenset((plain,))


_CASES_OF_NAMES: Final[tuple[tuple[str, str], ...]] = (
    ("ия", "ия ии ию ией иею ий иям иями иях"),
    ("ія", "ія ії ію ією іє ій іям іями іях"),
    ("а", "а ы и е і у ой ою о ам ами ах"),
    ("я", "я и ї е і є ю ей ею єю ь й ям ями ях"),
    ("й", "й я ю ем ом єм е єві ї і и ев їв ям ями ях"),
    ("ь", "ь я ю ем ём ем ом е еві і и ью ю ей ів ям ями ях"),
    ("", " а у ом ем е и ы і ові еві ов ів ей ам ами ах"),
)
_LOST_VOWELS: Final[tuple[tuple[str, str], ...]] = (
    ("ок", "ка ку ком ке ки кові ків кам ками ках"),
    ("ек", "ька ьку ьком ьке ьки ькові ьків ькам ьками ьках"),
    ("ец", "ца цу цом цем це цы цов цев цам цами цах"),
    ("ець", "ця цю цем ці цеві ців цям цями цях"),
)
"""Names whose last vowel goes in every other case: «Хмарець, Хмарця», «Смачок, у Смачку». A name may also keep it."""
_INDECLINABLE_ENDS: Final = frozenset("оеёэиіїыую")
_SHORTEST_DECLINED: Final = 3
_HYBRID_ENDINGS: Final = ("а", "у", "ом", "е", "и", "ы", "і", "ові", "ов", "ів", "ам", "ами", "ах")


def _declined(name: str) -> set[str]:
    """A name that no dictionary knows, in the case endings of Russian and Ukrainian."""
    if len(name) < _SHORTEST_DECLINED or name[-1] in _INDECLINABLE_ENDS:
        return {name}
    found = {name}
    for ending, forms in _LOST_VOWELS:
        if name.endswith(ending) and len(name) > len(ending) + 1:
            found.update(name[: len(name) - len(ending)] + form for form in forms.split(" "))
    for ending, forms in _CASES_OF_NAMES:
        if name.endswith(ending):
            stem = name[: len(name) - len(ending)]
            return found | {stem + form for form in forms.split(" ")}
    return found


_ADJECTIVE_OF: Final = (
    ("овск", "ий ого ому им ом ая ой ую ое ие их ими"),
    ("івськ", "ий ого ому им ім а ої ій у ою е і их ими"),
)


def _adjectives(name: str) -> set[str]:
    """What belongs to a name: «нордвиндовский», «нордвіндівська»."""
    stem = name.rstrip("аяйьоеиії")
    if len(stem) < _SHORTEST_DECLINED:
        return set()
    return {stem + suffix + ending for suffix, endings in _ADJECTIVE_OF for ending in endings.split(" ")}


def _known_forms(word: str) -> set[str]:
    """Every form of a word that a dictionary knows, of the words whose first form it is, else of all it can be."""
    forms: set[str] = set()
    for language in ("ru", "uk"):
        parses = [parse for parse in _analyzer(language).parse(word) if parse.is_known]
        first = [parse for parse in parses if plain_letters(parse.normal_form) == plain_letters(word)]
        for parse in first or parses:
            forms.update(form.word for form in parse.lexeme)
    return forms


def is_known(word: str) -> bool:
    """Whether a Russian or Ukrainian dictionary knows a Cyrillic word in any of its forms."""
    return any(_analyzer(language).word_is_known(word.lower()) for language in ("ru", "uk"))


_SHORTEST_PLURAL: Final = 5


def _english(word: str) -> set[str]:
    """Plural and possessive (apostrophes are gone), the singular of a plural, and Cyrillic endings after the name."""
    forms = {word, word + "s"}
    if word.endswith(("s", "x", "z", "ch", "sh")):
        forms.add(word + "es")
    if word.endswith("y") and word[-2:-1] not in set("aeiou"):
        forms.add(word[:-1] + "ies")
    if len(word) >= _SHORTEST_PLURAL and word.endswith("s") and not word.endswith(("ss", "us", "is", "ws")):
        forms.add(word[:-1])
        if word.endswith("ies"):
            forms.add(word[:-3] + "y")
        elif word.endswith(("sses", "shes", "ches", "xes")):
            forms.add(word[:-2])
    return forms | {word + ending for ending in _HYBRID_ENDINGS}


@lru_cache(maxsize=4096)
def word_forms(word: str) -> frozenset[str]:
    """The keys of every form of one word; look them up among the `keys_of` the words of a post."""
    plain = key(word)
    script = script_of(plain)
    if script == "cyrillic":
        # The dictionaries tell й and ё, м'ята and мята apart, so they get the word as it was written.
        written = word.lower().replace("’", "'").replace("ʼ", "'")
        forms = _known_forms(written) or _declined(plain)
    elif script == "latin":
        forms = _english(plain)
    elif script == "arabic":
        forms = {plain} | ({plain[2:]} if plain.startswith("ال") and len(plain) > _SHORTEST_STEM + 1 else set())
        forms |= {form[:-1] for form in forms if form.endswith("ه") and len(form) > _SHORTEST_STEM}
    else:
        forms = {plain}
    return frozenset(map(key, {plain, *forms}))


_SHORTEST_MISSPELLED: Final = 7


def _misspelled(name: str) -> Iterable[str]:
    """A long name with one letter lost, doubled or swapped with the next; the first letter is always right."""
    if len(name) < _SHORTEST_MISSPELLED:
        return
    for at in range(1, len(name)):
        yield name[:at] + name[at + 1 :]
        yield name[:at] + name[at] + name[at:]
        yield name[:at] + name[at + 1 : at + 2] + name[at] + name[at + 2 :]


@lru_cache(maxsize=1024)
def name_forms(name: str, *, certain: bool = True) -> frozenset[str]:
    """The keys of a one-word name: its forms, its spellings in the other alphabets with theirs, slips of the pen.

    A dictionary word is a spelling of a Latin name only where it is the likeliest ("Lenta" is «лента», "Luma" is not
    «лама»), but for the soft sign, which Latin letters leave out. With `certain` false the name may be a common word:
    then no dictionary word is ("list" is not «лист»), and slips are left out too ("forma" is not "form").
    """
    plain = key(name)
    forms = set(word_forms(name))
    spellings = spellings_of(plain)
    likely = likeliest_of(plain) if script_of(plain) == "latin" else {other.replace("ь", "") for other in spellings}
    for spelling in spellings:
        if script_of(spelling) != "cyrillic":
            forms |= word_forms(spelling)
        elif (certain and spelling.replace("ь", "") in likely) or not is_known(spelling):
            forms.update(map(key, _declined(spelling) | (_adjectives(spelling) if certain else set())))
    if certain:
        cyrillic = script_of(plain) == "cyrillic"
        forms |= _adjectives(plain) if cyrillic else set()
        forms.update(slip for slip in set(_misspelled(plain)) if not cyrillic or not is_known(slip))
    return frozenset(forms)
