"""Whether a draft says again what we have said: a last reply's words, or a template on an angry, specific complaint.

Pure: texts and times in, findings out. Both findings belong to the category `no-empathy`, the nearest of the eighteen:
words that were written for somebody else hold no word for this person. A policy may name the two rules by themselves.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from classifiers.folding import plain_letters
from classifiers.types import Category, Finding, Sentiment, Severity
from monitor.mention import Lane, MentionId
from responders.reply import ReplyTarget
from responders.templates import Template, TemplateBook, plain

SAME_WORDS: Final = f"{Category.NO_EMPATHY.value}/same-words"
TEMPLATE_ON_ANGER: Final = f"{Category.NO_EMPATHY.value}/template-on-anger"

RUN: Final = 5
"""Words in a row that two texts must share for these words to count as the same."""
ALIKE: Final = 0.7
"""Share of a draft's words in such runs from which it says the same. Of the 8,077 written drafts under
`classifiers/training/data/drafts`, each compared with every other of its language, none reaches it (the likest has
0.67); of copies with every twelfth word changed 98 % do, with any two words changed 90 %."""
ALIKE_FILLED: Final = 0.6
"""The same for a template, whose fields break the runs: of the sample templates as filled, the least like has 0.67."""
SHORTEST: Final = 12
"""Words below which repeating is harmless: "thank you, we have sent you a DM" can hardly be said otherwise, readers
expect it so, and a single shared run of five words is already half of such a text. 11 % of the written drafts are as
short."""

_WORD: Final = re.compile(r"[^\W_]+")
_NOT_WORDS: Final = re.compile(r"https?://\S+|[@^#]\w+|\{\{[^{}]*\}\}|\{%[^{}]*%\}")
_PARTICULARS_SHOWN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Spoken:
    """A reply of ours that went out: its words, who wrote it, when (UTC), and the post that it answered."""

    text: str
    author: str
    at: datetime
    mention_id: MentionId
    mention: str
    lang: str | None


@lru_cache(maxsize=1024)  # the last replies are compared again with every pause in the typing
def words_of(text: str) -> tuple[str, ...]:
    """The words of a text without case, marks, links, handles and template fields: what a reader hears."""
    return tuple(_WORD.findall(plain_letters(_NOT_WORDS.sub(" ", text))))


def share_said(words: Sequence[str], before: Sequence[str]) -> float:
    """The share, 0…1, of `words` that stand in runs of `RUN` words which `before` holds too."""
    known = {tuple(before[at : at + RUN]) for at in range(len(before) - RUN + 1)}
    said = {
        place
        for at in range(len(words) - RUN + 1)
        if tuple(words[at : at + RUN]) in known
        for place in range(at, at + RUN)
    }
    return len(said) / len(words) if words else 0.0


def sameness(
    draft: str, target: ReplyTarget, *, lane: Lane, spoken: Iterable[Spoken], book: TemplateBook
) -> tuple[Finding, ...]:
    """What a draft repeats: the likest of our last replies to other posts, and a template that the post is too angry
    and too specific for. Reasons are in English; `reworded` says them in another language.
    """
    words = words_of(draft)
    if len(words) < SHORTEST:
        return ()
    found = [same_words(words, [one for one in spoken if one.mention_id != target.mention_id])]
    named = particulars(target.words)
    if lane is Lane.PERSONAL and target.sentiment == Sentiment.NEGATIVE.value and named:
        found.append(_template_words(words, book, named))
    return tuple(finding for finding in found if finding is not None)


def particulars(text: str) -> tuple[str, ...]:
    """What a post names that a general answer would miss: numbers, days and times, models, members of our staff.

    In the order of the text, in its own words, each once.
    """
    return tuple(dict.fromkeys(" ".join(match[0].split()) for match in _PARTICULAR.finditer(text)))


def reworded(finding: Finding, language: str) -> Finding:
    """A finding of this module with its reason in a language of the console; any other one as it is."""
    worded = _WHY.get(finding.rule, {})
    pattern, sentence = _READ.get(finding.rule), worded.get(language)
    values = pattern.fullmatch(finding.why) if pattern else None
    if values is None or sentence is None:
        return finding
    better = _BETTER[finding.rule].get(language, finding.suggestion)
    return replace(finding, why=sentence.format_map(values.groupdict()), suggestion=better)


def same_words(words: Sequence[str], spoken: Iterable[Spoken]) -> Finding | None:
    """The finding that names the likest of some replies, None when none is like enough."""
    # Of two replies that are as like, the later one: it is the one that people still see.
    shares = [(share_said(words, words_of(one.text)), one.at, one) for one in spoken]
    share, at, likest = max(shares, key=lambda entry: entry[:2], default=(0.0, None, None))
    if share < ALIKE or at is None or likest is None:
        return None
    values = {"share": _percent(share), "date": f"{at:%Y-%m-%d}", "account": likest.author}
    return _finding(SAME_WORDS, Severity.WARN, share, values)


def _template_words(words: Sequence[str], book: TemplateBook, named: Sequence[str]) -> Finding | None:
    shares = [(_share_of(template, words), template.key, template) for template in book.templates.values()]
    share, _, likest = max(shares, key=lambda entry: entry[:2], default=(0.0, "", None))
    if share < ALIKE_FILLED or likest is None:
        return None
    # Wordings of the personal level were written for such posts: worth a look, not a second person.
    severity = Severity.WARN if likest.level is Lane.PERSONAL else Severity.REVIEW
    quoted = plain(", ".join(named[:_PARTICULARS_SHOWN]))
    return _finding(
        TEMPLATE_ON_ANGER, severity, share, {"share": _percent(share), "template": likest.key, "named": quoted}
    )


def _share_of(template: Template, words: Sequence[str]) -> float:
    return max((share_said(words, words_of(wording.text)) for wording in template.wordings.values()), default=0.0)


def _percent(share: float) -> int:
    return int(100 * share)


def _finding(rule: str, severity: Severity, share: float, values: Mapping[str, object]) -> Finding:
    return Finding(
        category=Category.NO_EMPATHY,
        severity=severity,
        start=None,
        end=None,
        text="",
        rule=rule,
        score=round(share, 4),
        why=_WHY[rule]["en"].format_map(values),
        suggestion=_BETTER[rule]["en"],
    )


_WHY: Final[Mapping[str, Mapping[str, str]]] = {
    SAME_WORDS: {
        "en": "{share} % of these words are those of our reply of {date} by {account}; "
        "whoever reads both sees a stock answer",
        "ru": "{share} % этих слов — слова нашего ответа от {date} ({account}); кто прочтёт оба, увидит заготовку",
        "uk": "{share} % цих слів — слова відповіді від {date} ({account}); хто прочитає обидві, побачить заготовку",
        "ar": "{share}% من هذه الكلمات هي كلمات ردّنا بتاريخ {date} ({account})؛ ومن يقرأ الردّين يرى جوابًا جاهزًا",
    },
    TEMPLATE_ON_ANGER: {
        "en": '{share} % of these words are the template "{template}", and the post is angry and names particulars '
        "({named}); to its writer a ready-made answer is one more brush-off",
        "ru": "{share} % этих слов — шаблон «{template}», а пост злой и называет подробности ({named}); "
        "готовый ответ прозвучит как очередная отписка",
        "uk": "{share} % цих слів — шаблон «{template}», а допис сердитий і називає подробиці ({named}); "
        "готова відповідь прозвучить як чергова відписка",
        "ar": "{share}% من هذه الكلمات هي القالب «{template}»، والمنشور غاضب ويذكر تفاصيل ({named})؛ "
        "والجواب الجاهز يبدو لكاتبه تهرّبًا آخر",
    },
}
_BETTER: Final[Mapping[str, Mapping[str, str]]] = {
    SAME_WORDS: {
        "en": "say one thing that holds for this post only, and drop what does not",
        "ru": "скажите хоть что-то именно об этом случае и уберите то, что к нему не относится",
        "uk": "скажіть бодай щось саме про цей випадок і приберіть те, що його не стосується",
        "ar": "قولوا شيئًا يخصّ هذا المنشور وحده، واحذفوا ما لا يخصّه",
    },
    TEMPLATE_ON_ANGER: {
        "en": "begin with what the writer names, in your own words, and say who looks into it",
        "ru": "начните с того, что назвал человек, своими словами, и скажите, кто этим займётся",
        "uk": "почніть із того, що назвала людина, своїми словами, і скажіть, хто цим займеться",
        "ar": "ابدؤوا بما ذكره الكاتب بكلماتكم أنتم، وقولوا من سيتابع الأمر",
    },
}


def _reading(sentence: str) -> re.Pattern[str]:
    """The pattern that reads a sentence's values back: only the sentence is stored with a reply."""
    return re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(sentence)), re.DOTALL)


_READ: Final = {rule: _reading(sentences["en"]) for rule, sentences in _WHY.items()}

_NUMBER: Final = r"[#№]?\s?\d+(?:[.,:/-]\d+)*"
_MODEL: Final = r"\b[A-Z][A-Za-z]*[ -]?\d[\w-]*"
_DAYS: Final = (
    r"(?:mon|tues|wednes|thurs|fri|satur|sun)day|yesterday"
    r"|понедельник\w*|вторник\w*|сред[уы]|четверг\w*|пятниц\w+|суббот\w+|воскресень\w+|вчера|позавчера"
    r"|понеділ\w+|вівтор\w+|серед[уи]|четвер\w*|п[ʼ'’]ятниц\w+|субот\w+|неділ\w+|вчора|учора|позавчора"
    r"|الاثنين|الإثنين|الثلاثاء|الأربعاء|الاربعاء|الخميس|الجمعة|السبت|الأحد|الاحد|أمس|امبارح|إمبارح|البارحة|مبارح"
)
_STAFF: Final = (
    r"courier|manager|operator|driver|cashier|consultant|technician|assistant|colleague"
    r"|(?:support|call.cent(?:re|er)) agent"
    r"|курьер\w*|менеджер\w*|оператор\w*|водител\w+|кассир\w*|консультант\w*|продав\w+|мастер\w*|сотрудни\w+|администратор\w*"
    r"|кур[ʼ'’]?[єе]р\w*|водій\w*|касир\w*|майст\w+|працівни\w+|співробітни\w+|адміністратор\w*"
    r"|(?:ال)?مندوب\w*|(?:ال)?موظف\w*|(?:ال)?مدير\w*|(?:ال)?سائق\w*|(?:ال)?كاشير|(?:ال)?فني\b|(?:ال)?بائع\w*"
)
_PARTICULAR: Final = re.compile(rf"{_MODEL}|{_NUMBER}|\b(?i:{_DAYS}|{_STAFF})\b")
