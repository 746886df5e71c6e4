"""How a name may be written in another alphabet: several candidates, the likeliest first.

Each table gives, for a group of letters, what it may become, the likeliest first. Every later choice costs one, and
so does splitting a group that has a row of its own. The tables follow practice (how shops and people are really
written) more than any one standard; ISO 9, BGN/PCGN and the Ukrainian rules of 2010 are among their rows.
"""

import heapq
from functools import lru_cache
from typing import Final

_Table = dict[str, tuple[str, ...]]

_END: Final = "$"
_NOTHING: Final = "-"


def _table(rows: str) -> _Table:
    """Rows "letters choice choice …"; "-" is nothing, "$" the end of the word."""
    return {
        letters: tuple("" if choice == _NOTHING else choice for choice in choices)
        for letters, *choices in (row.split() for row in rows.strip().splitlines())
    }


_LATIN_RU: Final = _table("""
shch щ
sch ш щ ск
tsch ч
sh ш
ch ч х к ш
zh ж
kh х
ph ф
th т с
ts ц тс
tz ц
ck к
qu кв
oo у оо
ee и
ea и еа
ou у ау
ow оу ау ов
au ау о
ay ей ай
ai ай ей
ey ей ай
ei ай ей
ie и ие
ya я
yu ю
yo йо ё
ye е
ju ю джу
ia ия иа
tion шн
e$ - е
y$ и ай
ss сс с
ll лл л
nn нн н
tt тт т
pp пп п
mm мм м
ff фф ф
rr рр р
zz цц зз
a а э я
b б
c к с ц
d д
e е э
f ф
g г дж
h х г
i и ай
j дж ж й
k к
l л ль
m м
n н
o о
p п
q к
r р
s с з
t т
u у ю а
v в
w в у
x кс
y и й
z з ц
""")
_LATIN_UK: Final = _LATIN_RU | _table("""
ee і
ea і
ie і іє
ia ія іа
ya я
ye є
yi ї
y$ і и ай
a а е
e е є
g г ґ дж
h х г
i і и ай
y и й і
""")
_CYRILLIC_LATIN: Final = _table("""
кс x ks
дж j dzh g
ай ay ai y i
ей ey ei ay
ия iya ia
ья ya ia
а a
б b
в v w
г g h
ґ g
д d
е e ye
є ye ie e
ж zh j
з z
и i y
і i y
ї yi i
й y i j
к k c
л l
м m
н n
о o
п p
р r
с s c
т t
у u oo w
ф f ph
х kh h x
ц ts c tz
ч ch
ш sh sch
щ shch sch
ъ -
ы y i
ь -
э e a
ю yu iu u
я ya ia
""")
_LATIN_ARABIC: Final = _table("""
shch شتش
sch ش
tsch تش
sh ش
ch تش ش خ ك
zh ج ز
kh خ
gh غ
ph ف
th ث ت
ts تس
ck ك
qu كو
oo و
ee ي
ea ي
ou و او
ow او و
au او و
ay اي ي
ai اي ي
ey ي اي
ei اي ي
ya يا
yu يو
yo يو
e$ - ه ي
a$ ا ه
bb ب
ff ف
ll ل
mm م
nn ن
pp ب
rr ر
ss س
tt ت
zz ز تز
a ا -
b ب
c ك س
d د
e ي - ا
f ف
g ج غ ق ك
h ه ح
i ي -
j ج
k ك ق
l ل
m م
n ن
o و - ا
p ب پ
q ق
r ر
s س ص
t ت ط
u و - ا
v ف ڤ
w و
x كس
y ي
z ز
""")
_ARABIC_LATIN: Final = _table("""
تش ch
كس x ks
شت sht
ا a o e
ب b p
پ p
ت t
ث th
ج g j
ح h
خ kh
د d
ذ z
ر r
ز z
س s
ش sh
ص s
ض d
ط t
ظ z
ع a
غ g
ف f v
ڤ v
ق k q
ك k c
ل l
م m
ن n
ه$ a e h
ه h
و o u w v
ي i e y
ء -
""")
_LONGEST_GROUP: Final = max(len(letters) for table in (_LATIN_RU, _LATIN_ARABIC, _CYRILLIC_LATIN) for letters in table)
_PATHS: Final = 16
_SHORTEST_GUESS: Final = 4
_FURTHEST_GUESS: Final = 2.0
_LONGEST_NAME: Final = 40


def _written(word: str, table: _Table, count: int = _PATHS) -> list[str]:
    """The `count` cheapest ways to write `word` by `table`, cheapest first; none where a letter has no row."""
    marked = word + _END
    best: list[dict[str, float]] = [{} for _ in range(len(marked) + 1)]
    best[0][""] = 0.0
    for at in range(len(word)):
        paths = heapq.nsmallest(count, best[at].items(), key=lambda path: (path[1], path[0]))
        groups = [
            group
            for size in range(_LONGEST_GROUP, 0, -1)
            if (group := marked[at : at + size]) in table and len(group) == size
        ]
        for rank, group in enumerate(groups):
            reached = best[at + len(group)]
            for step, choice in enumerate(table[group]):
                for written, before in paths:
                    new, total = written + choice, before + step + rank
                    if total < reached.get(new, float("inf")):
                        reached[new] = total
    ends = {**best[len(word)]}
    for written, cost in best[len(marked)].items():
        ends[written] = min(cost, ends.get(written, float("inf")))
    chosen = heapq.nsmallest(count, ends.items(), key=lambda path: (path[1], path[0]))
    return [
        written
        for number, (written, cost) in enumerate(chosen)
        if number == 0 or (len(written) >= _SHORTEST_GUESS and cost <= chosen[0][1] + _FURTHEST_GUESS)
    ]


def script_of(word: str) -> str | None:
    """`latin`, `cyrillic` or `arabic` when every letter of a lower-case word is of that alphabet; else None."""
    letters = [letter for letter in word if letter.isalpha()]
    for name, first, last in (("latin", "a", "z"), ("cyrillic", "а", "ӿ"), ("arabic", "ء", "ۓ")):
        if letters and all(first <= letter <= last for letter in letters):
            return name
    return None


@lru_cache(maxsize=1024)
def spellings_of(name: str) -> tuple[str, ...]:
    """How else one lower-case word in plain letters may be written, mostly in other alphabets.

    Latin, Cyrillic (Russian and Ukrainian) and Arabic; anything else, or a word of over 40 letters, gives nothing.
    """
    script = script_of(name)
    if script is None or len(name) > _LONGEST_NAME or not name.isalpha():
        return ()
    latin = [name] if script == "latin" else _written(name, _TO_LATIN[script])
    found = [] if script == "latin" else latin[:]
    for number, spelling in enumerate(latin):
        for table in _FROM_LATIN:
            written = _written(spelling, table, _PATHS if script == "latin" else 8 if number == 0 else 3)
            # The first way back tells how the neighbour language writes it: «нордвинд», «нордвінд».
            found += [other for other in written if script_of(other) != script or other == written[0]]
    # «нордвинд» goes back as "nordvind" too.
    if script == "latin" and found:
        found += _written(found[0], _CYRILLIC_LATIN, 4)
    return tuple(dict.fromkeys(other.replace("ё", "е") for other in found if other != name))


def likeliest_of(name: str) -> frozenset[str]:
    """The likeliest spelling of one lower-case Latin word in each of the other alphabets."""
    return frozenset(first for table in _FROM_LATIN for first in _written(name, table)[:1])


_TO_LATIN: Final = {"cyrillic": _CYRILLIC_LATIN, "arabic": _ARABIC_LATIN}
_FROM_LATIN: Final = (_LATIN_RU, _LATIN_UK, _LATIN_ARABIC)
