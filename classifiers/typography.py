"""What can be seen in a draft without reading it: fields left unfilled, shouting, no words at all."""

import re
from collections.abc import Iterator
from typing import Final

from classifiers.rule_engine import DraftInContext, Hit

_FIELD_WORDS: Final = (
    r"(?:customer|client|user|agent|operator|brand|company|shop|store|first|last|full|your|insert|enter|order"
    r"|product|item|date|time|link|url|"
    r"phone|number|amount|price|city|name|reason|channel|address|days?|department|manager|model|sum|refund"
    r"|placeholder|text|todo|tbd|"
    r"имя|фио|клиент\w*|покупател\w*|заказ\w*|товар\w*|дат[аыу]|врем\w+|ссылк\w*|сумм\w*|номер\w*|город\w*"
    r"|бренд\w*|компани\w*|адрес\w*|причин\w*|"
    r"срок\w*|менеджер\w*|оператор\w*|вставить|вписать|указать|телефон\w*|отчество|фамилия|модел\w*|"
    r"ім'я|ім’я|піб|клієнт\w*|покупц\w*|замовленн\w*|дат[аиу]|час|посиланн\w*|сум[аиу]|міст[оа]|компані\w*"
    r"|вставити|вписати|вказати|прізвище|строк|термін|"
    r"ا?سم|اسم\w*|العميل|عميل|الزبون|زبون|رقم\w*|الطلب|تاريخ\w*|رابط\w*|الرابط|المبلغ|مبلغ|المدينة|المنتج|منتج"
    r"|الموعد|موعد|السبب|سبب|الشركة|العنوان|عنوان|أدخل|ضع|اكتب)"
)
_FIELD_WORD: Final = re.compile(rf"(?<![^\W_]){_FIELD_WORDS}(?![^\W_])", re.IGNORECASE)
_PATH: Final = re.compile(r"\s?[→>›»]\s?")
_BRACES: Final = re.compile(
    r"\{\{[^{}\n]{1,60}\}\}|\{%[^{}\n]{1,60}%\}|\{[^{}\n]{1,40}\}|\$\{?[A-Za-z_]{3,30}\}?(?!\w)"
    r"|%[A-Za-zА-Яа-я_]{3,30}%|%[sd](?!\w)"
)
_ALONE_CAPITALS: Final = re.compile(r"\{[A-ZА-ЯІЇЄҐ0-9 +-]{2,16}\}")
_BRACKETS: Final = re.compile(
    rf"[\[<][ ]?[^\[\]<>\n]{{0,30}}?\b{_FIELD_WORDS}\b[^\[\]<>\n]{{0,30}}[\]>]", re.IGNORECASE
)
_ONLY_FIELDS: Final = re.compile(
    rf"[\[<](?:[\s_/№#.:-]|{_FIELD_WORDS}|the|a|of|here|сюда|сюди|тут|здесь|هنا)+[\]>]", re.IGNORECASE
)
_DUMMY: Final = re.compile(
    r"(?<![\w])(?:X{3,}|x{3,}|Х{3,}|х{3,}|[#]{3,}|_{3,}|\?{3,}(?=\s*(?:руб|грн|₽|₴|\$|€|день|дня|дней|days|hours"
    r"|рабоч|ريال|جنيه))|\bXX\b(?=[.:/ ]XX)|00[./]00[./]0000"
    r"|dd[./]mm[./]yyyy|дд[./]мм[./]г+|(?i:lorem ipsum)|TODO|TBD|FIXME|TKTK|N/A N/A|N (?:рабочих )?(?:дней|днів"
    r"|days))(?!\w)"
)
_ANGLED: Final = re.compile(r"<+[^<>\n]{0,60}?[^\W\d_][^<>\n]{0,60}>+")
_SNAKE: Final = re.compile(r"(?<![@#/\w.=?&-])[^\W\d_]{2,}(?:_[^\W\d_]{2,})+(?![\w@/]|\.\w)")
_BLANK: Final = re.compile(
    r"(?<!\w)(?:_{2,}[.:/]?_*|N{2,4}(?= [^\W\d_])|\?{2,}(?= ?[^\W\d_]{1,8}\b)|#REF!|DD[./]MM(?:[./]Y+)?"
    r"|ДД[./]ММ(?:[./]Г+)?"
    r"|ЧЧ(?:[:–-]+ЧЧ)?|ГГ[:.]ХХ|لوريم إيبسوم)(?!\w)"
)
_NAME_FIELD: Final = re.compile(
    r"\[(?:insert|вставить|вставьте|впишите|вставити|вставте|впишіть|يدرج|يُدرج|أدخل|ضع|name of|имя|ім'я|ім’я"
    r"|фио|піб|اسم)\b[^\[\]\n]{0,60}\]",
    re.IGNORECASE,
)
_SIZE_BEFORE: Final = re.compile(r"(?:size|размер\w*|розмір\w*|مقاس)\W{0,3}$", re.IGNORECASE)

_WORD: Final = re.compile(r"[^\W\d_][^\W\d_'’-]*")
_LETTERS_OF_CAPITALS: Final = 10
_WORDS_OF_CAPITALS: Final = 2
_LONG_WORD: Final = 4
_MARKS: Final = re.compile(r"(?:[!！]\s?){3,}|[!?؟]{4,}|(?:!\?|\?!){2,}!?|!{2,}\?+!*")
_STRETCHED_ARABIC: Final = re.compile(r"\w*([\u0621-\u064a])(?<!ه)\1{3,}\w*")
_ANY_WORD: Final = re.compile(r"[^\W_]")


def detect_placeholders(context: DraftInContext) -> Iterator[Hit]:
    """Fields of templates and dummies. A menu name in brackets or a display's word in braces is none."""
    text = context.draft.plain.text
    mention = context.mention.plain.text if context.mention else ""
    yield from _detect_blanks(text, mention)
    for match in _BRACES.finditer(text):
        if match[0] not in mention and (not _ALONE_CAPITALS.fullmatch(match[0]) or _FIELD_WORD.search(match[0])):
            yield Hit(rule="placeholder/field", start=match.start(), end=match.end())
    for match in _BRACKETS.finditer(text):
        inner = match[0][1:-1]
        if _PATH.search(text[max(0, match.start() - 3) : match.start()]) or _PATH.match(
            text[match.end() : match.end() + 3]
        ):
            continue
        shouted = inner.isupper() or "_" in inner
        if (match[0][0] == "<" and _ONLY_FIELDS.fullmatch(match[0])) or (
            match[0][0] == "[" and (shouted or (_ONLY_FIELDS.fullmatch(match[0]) and _is_field(inner)))
        ):
            yield Hit(rule="placeholder/field", start=match.start(), end=match.end())
    for match in _DUMMY.finditer(text):
        if (
            not _SIZE_BEFORE.search(text[: match.start()])
            and match[0] not in mention
            and text[match.end() : match.end() + 1] not in {"»", '"', "”"}
        ):
            yield Hit(rule="placeholder/field", start=match.start(), end=match.end())


_BUTTON_LIKE: Final = re.compile(
    r"^(?:my |your |мои |мой |моя |мої |моє |мій )?(?:orders?|account|settings|time|address(?:es)?|phone|link|date"
    r"|заказы|адрес\w*|замовлення|адреси|الطلب|العنوان|رقم الطلب)$",
    re.IGNORECASE,
)


def _is_field(inner: str) -> bool:
    return not _BUTTON_LIKE.match(inner.strip())


def _detect_blanks(text: str, mention: str) -> Iterator[Hit]:
    """Blanks to fill in by hand, names of variables, and whatever stands between angle brackets."""
    for pattern in (_ANGLED, _SNAKE, _BLANK, _NAME_FIELD):
        for match in pattern.finditer(text):
            if match[0] not in mention:
                yield Hit(rule="placeholder/field", start=match.start(), end=match.end())


def detect_shouting(context: DraftInContext) -> Iterator[Hit]:
    """Runs of words in capitals (abbreviations and names of models are none), rows of marks, stretched letters."""
    text = context.draft.plain.text
    mention = context.mention.plain.text if context.mention else ""
    run: list[re.Match[str]] = []
    for match in (*_WORD.finditer(text), None):
        if match is not None and match[0].isupper() and (not run or _near(text, run[-1].end(), match.start())):
            run.append(match)
            continue
        if _is_shout(run) and not _is_title(text, run, mention):
            yield Hit(rule="shouting/capitals", start=run[0].start(), end=run[-1].end())
        run = [match] if match is not None and match[0].isupper() else []
    for pattern in (_MARKS, _STRETCHED_ARABIC):
        for match in pattern.finditer(text):
            if match[0].strip(" ") not in mention:
                yield Hit(rule="shouting/marks", start=match.start(), end=match.end())


def _is_title(text: str, run: list[re.Match[str]], mention: str) -> bool:
    """Capitals that the customer wrote too, or a name in quotation marks."""
    words = text[run[0].start() : run[-1].end()]
    return words.casefold() in mention.casefold() or text[max(0, run[0].start() - 1)] in '«“„"'


def _near(text: str, end: int, start: int) -> bool:
    return start - end <= 3 and not re.search(r"[.\n\[\]{}()«»\"|/]", text[end:start])  # noqa: PLR2004 - a blank and a sign


def _is_shout(run: list[re.Match[str]]) -> bool:
    letters = sum(len(match[0]) for match in run)
    longer = sum(1 for match in run if len(match[0]) >= _LONG_WORD)
    return len(run) >= _WORDS_OF_CAPITALS and longer >= _WORDS_OF_CAPITALS and letters >= _LETTERS_OF_CAPITALS


def detect_empty(context: DraftInContext) -> Iterator[Hit]:
    """A draft without a letter or a digit."""
    if not _ANY_WORD.search(context.draft.plain.text):
        yield Hit(rule="unanswered/empty", start=0, end=len(context.draft.plain.text))
