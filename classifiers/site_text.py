"""What stands in a post beside the writer's own words: quotes of others, and what the site wrote around it.

Both functions look at text whose invisible characters and HTML are gone, one paragraph a line, and answer with
ranges of it. The expressions never look further than a line or two, or give nothing back once matched (`++`,
`(?>`), so that hostile text costs linear time.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

Range = tuple[int, int]

_QUOTE_LINE = re.compile(r"[ \t]{0,3}>(?:[ >]*$|[ >]*[^\W_]|[ >]*[«“\"'(\[@#])(?<!>\d)(?<!> \d)")
_QUOTE_TAG = re.compile(r"\[(/?)(?:quote|цитата|اقتباس)(?:[=, ][^\[\]\n]{0,200})?\]", re.IGNORECASE)

_WROTE = r"(?:wrote|writes|писала?|написала?|пишет|писа[вл]а?|написа[вл]а?|пише|كتبت?)"
_MAIL_HEADER = re.compile(
    rf"""^(?:
        On\b(?=[^\n]*\d)[^\n]{{5,150}}(?:\n[^\n]{{1,100}})?\bwrote:
      | (?=[^\n]*\d)(?:\d|пн|вт|ср|чт|пт|сб|вс|нд|понедельник|в[ \w])[^\n]{{5,150}}\b{_WROTE}(?:\([аa]\))?:
      | (?:في|بتاريخ)\b(?=[^\n]*\d)[^\n]{{5,150}}\bكتبت?\b[^\n]{{0,80}}:
      | -{{2,}}[ ]?(?:Original[ ]Message|Forwarded[ ]message|(?:Исходное|Пересылаемое|Пересланное)[ ]сообщение
          |(?:Оригінальне|Вихідне|Переслане)[ ]повідомлення|الرسالة[ ]الأصلية|رسالة[ ]معاد[ ]توجيهها)[ ]?-{{2,}}
    )[ ]*$""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_FORUM_HEADER = re.compile(
    r"""^(?:
        \S{1,40}(?:[ ]\S{1,40}){0,2}[ ](?:писал|написал)\(а\):
      | \S{1,40}(?:[ ]\S{1,40}){0,2}[ ](?:писав|написав)\(-?(?:ла|а)\):
      | \S{1,40}(?:[ ]\S{1,40}){0,2}[ ]wrote:(?=[ ]?↑)
      | (?:Originally[ ]Posted[ ]by|Сообщение[ ]от|Повідомлення[ ]від|المشاركة[ ]الأصلية[ ]كتبت?ه?ا?[ ]بواسطة)
        [ ][^\n]{1,60}
    )""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


def _lines(text: str) -> Iterator[Range]:
    """The ranges of the lines, without their line breaks."""
    start = 0
    while (end := text.find("\n", start)) >= 0:
        yield start, end
        start = end + 1
    yield start, len(text)


def quote_tags(text: str) -> list[Range]:
    """The ranges of the `[quote]` and `[/quote]` marks themselves, for a text that is kept with its quotes."""
    return [match.span() for match in _QUOTE_TAG.finditer(text)]


def _tagged(text: str) -> Iterator[Range]:
    """Outermost `[quote]…[/quote]`; of marks without a partner only the mark."""
    open_at: list[Range] = []
    for match in _QUOTE_TAG.finditer(text):
        if not match[1]:
            open_at.append(match.span())
        elif len(open_at) > 1:
            open_at.pop()
        elif open_at:
            yield open_at.pop()[0], match.end()
        else:
            yield match.span()
    yield from open_at


def _paragraph_end(text: str, start: int) -> int:
    end = text.find("\n\n", start)
    return len(text) if end < 0 else end


def _next_line(text: str, at: int) -> int:
    while at < len(text) and text[at] in " \n":
        at += 1
    return at


def _under_headers(text: str) -> Iterator[Range]:
    """What stands under "On …, X wrote:" and its like.

    Lines marked with ">" tell themselves where they end. Else a mail's quote goes on to the end of the text, when the
    answer stands above it, and a forum's to the end of the paragraph.
    """
    for match in _MAIL_HEADER.finditer(text):
        below = _next_line(text, match.end())
        if _QUOTE_LINE.match(text, below) or below == len(text):
            yield match.span()
        elif text[: match.start()].strip():
            yield match.start(), len(text)
            return
        else:
            yield match.start(), _paragraph_end(text, below)
    end = 0
    for match in _FORUM_HEADER.finditer(text):
        below = _next_line(text, match.end())
        if end <= below:  # else the same paragraph, whose end is known: looked for once, however many headers it has
            end = _paragraph_end(text, below)
        yield match.start(), match.end() if _QUOTE_LINE.match(text, below) else end


def quoted(text: str) -> list[Range]:
    """The parts that the writer quotes, marks and headers included, in order and apart from each other."""
    found = list(_tagged(text)) if "[" in text else []
    if ">" in text:
        found += [(start, end) for start, end in _lines(text) if _QUOTE_LINE.match(text, start, end)]
    found += _under_headers(text)
    return merged(found)


def merged(ranges: list[Range]) -> list[Range]:
    """The same ground in order, with overlapping ranges made one."""
    result: list[Range] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


_COUNTERS = (
    r"Posts|Messages|Replies|Views|Threads|Topics|Reaction score|Reputation"
    r"|Сообщени[яйе]|Сообщ\.|Ответов|Просмотров|Комментари(?:ев|и)|Репутация|Темы|Симпатии"
    r"|Повідомлен(?:ня|ь)|Дописів|Дописи|Відповідей|Переглядів|Коментар(?:ів|і)|Репутація|Теми"
    r"|المشاركات|عدد المشاركات|مشاركات|الردود|المشاهدات|التعليقات|المواضيع|السمعة"
)
_DATED = (
    r"Joined|Join Date|Registered|Member since|Last visit|Last edited|Posted"
    r"|Зарегистрирована?|Регистрация|Дата регистрации|На форуме с|Добавлено|Отправлено"
    r"|Зареєстрован(?:ий|а|о)|Реєстрація|Дата реєстрації|З нами з|Додано|Надіслано"
    r"|تاريخ التسجيل|تاريخ الانضمام|تاريخ الإنضمام|انضم في|انضم|مسجل منذ|كتب في"
)
_BUTTONS = (
    r"Reply|Share|Report(?: post)?|Quote|Read more|Read full (?:story|review)|Show more|See more"
    r"|Load more(?: comments)?|View (?:all )?(?:\d+ )?(?:replies|comments)|Hide replies"
    r"|Translate(?: post| tweet)?|See translation|Show original"
    r"|Follow|Subscribe|Retweet|Repost|Permalink|Bookmark|Back to top|Log in to reply|Sponsored"
    r"|Advertisement|Promoted|Click to expand\.*|Sent from my \w+(?: \w+)?"
    r"|Ответить|Поделиться|Пожаловаться|Цитировать|Читать (?:далее|полностью|дальше|ещё|еще)|Развернуть|Свернуть"
    r"|Показать (?:ещё|еще|полностью|больше|перевод|все комментарии)|Подписаться|Перевести|Смотреть перевод|Реклама"
    r"|Вернуться к началу|Наверх|Репост|В избранное|Комментировать|Отправлено с (?:моего )?\w+"
    r"|Відповісти|Поділитис[яь]|Поскаржитис[яь]|Цитувати|Читати (?:далі|повністю|більше)|Розгорнути|Згорнути"
    r"|Показати (?:ще|більше|повністю|переклад|всі коментарі)|Підписатис[яь]|Перекласти|Догори|Коментувати"
    r"|Надіслано з (?:мого )?\w+"
    r"|رد|الرد|إضافة رد|مشاركة|شارك|شاركها|إبلاغ|الإبلاغ|اقتباس|اقرأ المزيد|قراءة المزيد|عرض المزيد|إظهار المزيد"
    r"|عرض الكل|عرض الردود|متابعة|تابع|اشتراك|اشترك|ترجمة|عرض الترجمة|إعلان|إعلان ممول|إعادة النشر|العودة للأعلى"
    r"|أ?رسلت من \w+"
)
_COUNTED = (
    r"repl(?:y|ies)|comments?|likes?|views?|shares?|retweets?|upvotes?"
    r"|ответ(?:а|ов)?|комментари(?:й|я|ев)|просмотр(?:а|ов)?|лайк(?:а|ов)?|репост(?:а|ов)?"
    r"|відповід(?:ь|і|ей)|коментар(?:і|ів)?|перегляд(?:и|ів)?|вподобан(?:ня|ь)|поширен(?:ня|ь)"
    r"|رد|ردود|تعليق|تعليقات|إعجاب|إعجابات|مشاهدة|مشاهدات|مشاركات"
)
_YEAR = r"(?>[^\n:|·]{0,28}?\b(?:19|20)\d\d\b|\d\d?[./]\d\d?[./]\d\d)(?:,? (?:at |в |о )?\d\d?:\d\d(?: ?[ap]m)?)?"
_ITEM = (
    rf"(?>(?:{_COUNTERS}): ?\d[\d., ]{{0,12}}|(?:{_DATED}):? ?{_YEAR}"
    rf"|\d[\d.,]{{0,8}} ?[KkКкMМ]? (?:{_COUNTED})(?!\w)|(?:{_BUTTONS})(?!\w)(?: \d{{1,6}}(?!\w))?)"
)
_CHROME_LINE = re.compile(rf"{_ITEM}(?>[ ·•|,/\-–—]*{_ITEM})*+[ ·•|,:…\.\-–—»›→]*$", re.IGNORECASE)
_LABEL_ALONE = re.compile(rf"(?:{_COUNTERS}|{_DATED}):?$", re.IGNORECASE)
_VALUE_ALONE = re.compile(rf"(?:\d[\d., ]{{0,12}}|{_YEAR})$", re.IGNORECASE)
_BESIDE_CHROME = re.compile(
    r"""(?:
        (?:Location|From|Откуда|Город|Звідки|Місто|الموقع|مكان[ ]الإقامة|الإقامة|الدولة):[ ].{1,40}
      | (?:Like|Dislike|Likes|Top|Edit|Delete|Save|Нравится|Мне[ ]нравится|Удалить|Изменить
          |Подобається|Видалити|Змінити|أعجبني|إعجاب|حذف|تعديل|حفظ)(?:[ ]\d{1,6})?
      | \d{1,6}
      | \d{1,3}[ ]?(?:h|m|d|w|hours?|minutes?|days?|weeks?|months?|years?)[ ]ago
      | \d{1,3}[ ](?:час(?:а|ов)?|минут[уы]?|день|дня|дней|недел[юиь]|месяц(?:а|ев)?|год|года|лет)[ ]назад
      | \d{1,3}[ ](?:годин[уи]?|хвилин[уи]?|день|дні|днів|тиж(?:день|ні|нів)|місяц(?:ь|і|ів)|рок(?:и|ів)|рік)[ ]тому
      | منذ[ ](?:\d{1,3}[ ])?\w{2,10}
    )[ ·•|]*$""",
    re.IGNORECASE | re.VERBOSE,
)
_LONGEST_CHROME = 160
_READ_MORE_TAIL = re.compile(
    r"(?<=[.!?…»]) ?(?:Read more|See more|Show more|Читать (?:далее|полностью|дальше)|Показать полностью"
    r"|Читати (?:далі|повністю)|Показати більше|اقرأ المزيد|قراءة المزيد|عرض المزيد)[ .»›→…]*$",
    re.IGNORECASE,
)


def chrome(text: str) -> list[Range]:
    """Lines that the site wrote (counters, dates, buttons), and weaker ones that stand beside them, in order.

    A line such as "Location: Kyiv" or "Like" may be the writer's own words, so it goes only where a surer one
    stands next to it.
    """
    lines = [(start, end) for start, end in _lines(text) if text[start:end].strip()]

    def fit(pattern: re.Pattern[str]) -> list[bool]:
        return [end - start <= _LONGEST_CHROME and pattern.match(text, start, end) is not None for start, end in lines]

    sure = fit(_CHROME_LINE)
    for at, (label, value) in enumerate(pairwise(zip(fit(_LABEL_ALONE), fit(_VALUE_ALONE), strict=True))):
        if label[0] and value[1]:
            sure[at] = sure[at + 1] = True
    if any(sure):
        weak = fit(_BESIDE_CHROME)
        for order in (range(1, len(lines)), range(len(lines) - 2, -1, -1)):
            step = -order.step
            for at in order:
                sure[at] = sure[at] or (weak[at] and sure[at + step])
    found = [line for line, is_chrome in zip(lines, sure, strict=True) if is_chrome]
    if lines and not sure[-1] and (tail := _READ_MORE_TAIL.search(text, max(lines[-1][0], lines[-1][1] - 60))):
        found.append(tail.span())
    return found
