"""Personal data in a draft: phones, e-mail addresses, cards, accounts, documents, homes and full names.

Numbers are checked by their own rules (Luhn, IBAN, length by country), so that a parcel number is no card. A brand's
own hotline, role address or shop is not personal. Sources: ISO/IEC 7812 (cards), ISO 13616 (IBAN), ITU-T E.164.
"""

import re
from collections.abc import Iterator
from typing import Final

import phonenumbers
from phonenumbers import PhoneNumberType
from stdnum import iban, luhn

from classifiers.rule_engine import DraftInContext, Hit

_REGIONS: Final = {
    "en": ("US", "GB"),
    "ru": ("RU",),
    "uk": ("UA",),
    "ar": ("SA", "EG", "AE", "JO", "MA"),
}
_DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹", "01234567890123456789")
_PHONE: Final = re.compile(r"(?<![\w/.=&-])\+?\(?\d(?:[ ()\u2011-]{0,2}\d){8,14}(?![\w/])")
_SERVICE_TYPES: Final = frozenset(
    {
        PhoneNumberType.TOLL_FREE,
        PhoneNumberType.SHARED_COST,
        PhoneNumberType.UAN,
        PhoneNumberType.PREMIUM_RATE,
        PhoneNumberType.VOIP,
    }
)
_OUR_LINE: Final = re.compile(
    r"hotline|helpline|\bring\b|book (?:on|at|by)|phone|\btel\b|телефон(?!\w* (?:клиент|клієнт))|запис|приймальн"
    r"|при[её]мн|call us|ring us|our (?:line|number|phone|team)|(?:fraud|support|care|service|emergency) line"
    r"|toll.?free"
    r"|phone us|lines? (?:is|are) open|горяч\w+ лини|звоните|позвоните|наш\w* (?:телефон|номер|лини)"
    r"|телефон\w* (?:магазин|поддержк|доверия)"
    r"|бесплатн\w+ (?:лини|номер|телефон)|единый|колл-?центр|диспетчер|гаряч\w+ ліні|дзвоніть|подзвоніть"
    r"|зателефонуйте|телефонуйте"
    r"|телефон\w* (?:магазин|підтримк|довіри)|безкоштовн\w+ (?:ліні|номер)|кол-?центр"
    r"|الخط|خط|اتصل|اتصلوا|كلمنا|كلمونا|رقمنا|أرقامنا|خدمة العملاء|الموحد|المجاني|طوارئ|مركز الاتصال|call",
    re.IGNORECASE,
)
_THEIR_LINE: Final = re.compile(
    r"\byour (?:number|phone|mobile)|(?:ваш|твой)\w* (?:номер|телефон|мобильн)|на ваш|вам на|ваш\w* (?:номер"
    r"|телефон)|клиент|номер\w* отправител"
    r"|رقمك|جوالك|موبايلك|تلفونك|هاتفك|customer|owner|courier'?s|driver'?s|курьера|кур'єра|водител|воді|السائق"
    r"|المندوب|سائق",
    re.IGNORECASE,
)
_EMAIL: Final = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}")
_ROLE: Final = re.compile(
    r"^(?:info|support|help|helpdesk|care|service|hello|hi|contact|legal|law|privacy|dpo|gdpr|press|media|pr|sales"
    r"|orders?|returns?|refunds?"
    r"|claims?|complaints?|feedback|security|abuse|fraud|jobs|hr|office|team|booking|reservations?|billing"
    r"|accounts?|warranty|safety|recall"
    r"|accessibility|noreply|no-reply|admin|shop|store|club|quality|research|data|ombudsman|community|events"
    r"|school|partners?|wholesale)"
    r"(?:[.+_-]\w+)*@",
    re.IGNORECASE,
)
_FREE_MAIL: Final = re.compile(
    r"@(?:gmail|googlemail|hotmail|outlook|live|yahoo|ymail|icloud|me|aol|proton|protonmail|gmx|mail|inbox|list|bk"
    r"|yandex|ya|rambler"
    r"|ukr|i|meta|bigmir|maktoob)\.",
    re.IGNORECASE,
)
_THEIR_MAIL: Final = re.compile(
    r"\byour (?:e-?mail|address|account)|ваш\w* (?:почт|пошт|email|e-mail)|بريدك|إيميلك|ايميلك", re.IGNORECASE
)
_CARD: Final = re.compile(r"(?<![\w-])\d(?:[ \u2011-]?\d){12,18}(?![\w-])")
_CARD_END: Final = re.compile(
    r"(?:card|карт[уыаеіиоюй]+|картк\w+|бат?ак\w*|البطاقة|بطاقت\w+|الكارت|الكرت|كارت|فيزا)\b[^.!?\n]{0,25}?"
    r"(?:(?:end(?:s|ing)?(?: in| with)?|\*{2,4}|x{4}|•{2,4}|\.{3,4}|…|заканчива\w+ на|оканчива\w+ на|с окончанием"
    r"|закінчу\w+ на|"
    r"(?:المنتهية|تنتهي|آخرها|اخرها|ينتهي)(?: ب)?)[ *•x.…-]{0,6})\d{4}\b",
    re.IGNORECASE,
)
_IBAN: Final = re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{3,4}){3,8}\b")
_DOCUMENT: Final = re.compile(
    r"(?:passports?(?: number| no\.?)?|паспорт\w*(?: серии| серія)?|جواز(?: السفر)?(?: رقم)?|рассп?орт|снилс|инн"
    r"|іпн|рнокпп|ssn|social security(?: number)?"
    r"|national insurance(?: number)?|tax (?:id|number)|national id|emirates id|driving licen[cs]e|водительск\w+"
    r"|посвідчен\w+"
    r"|الهوية|رقم (?:الهوية|الإقامة|الاقامة|القومي)|الرقم القومي|هويتك|إقامتك)"
    r"[^.!?\n\d]{0,18}?(?:[A-ZА-ЯІЇЄҐ]{1,2} ?)?\d[\d -]{4,14}\d",
    re.IGNORECASE,
)
_HOME: Final = re.compile(
    r"(?:\d{1,4}[a-z]? (?:[A-Z][\w'-]+ ){1,3}(?:street|st|road|rd|lane|ln|avenue|ave|close|drive|dr|way|crescent"
    r"|court|terrace|gardens|place|square|boulevard)\b\.?"
    r",? (?:flat|apt|apartment|unit|suite) ?\w{1,4})"
    r"|(?:(?:flat|apt\.?|apartment|unit) \d{1,4}[a-z]?,? \d{1,4}[a-z]? (?:[A-Z][\w'-]+ ){1,3}(?:street|road|lane"
    r"|avenue|close|drive|way|court|place|square))"
    r"|(?:your (?:home )?address(?: on file)?(?: is|:)[^.!?\n]{0,10}\d{1,4}[a-z]? [A-Z][^.!?\n]{3,40})"
    r"|(?:(?:ул\.|улиц\w+|просп\w*\.?|пр-т|пер\.|вул\.|вулиц\w+|пров\.|бульв\w*\.?|наб\.|шоссе"
    r"|мкр\.?)[^!?\n]{2,40}?\d{1,4}[^!?\n]{0,20}?(?:кв|квартир\w+|оф)\.? ?\d{1,4})"
    r"|(?:(?:ваш\w* адрес\w*|живёте|живете|проживаете|мешкаєте)(?: (?:это|по|за|у|в|на))*[:—– ]{1,3}(?:ул|вул|г\."
    r"|м\.|пр|пер|пров)[^!?\n]{3,50}\d{1,4})"
    r"|(?:(?:شارع|طريق|حي|منطقة|حارة|ش\.?) [^.!؟\n]{2,40}?(?:عمارة|بناية|مبنى|فيلا|بيت|منزل"
    r"|برج)[^.!؟\n]{0,20}?(?:شقة|شقه|طابق|الطابق|دور|الدور) ?[\w٠-٩]{1,6})"
    r"|(?:(?:عنوانك|عنوان بيتك|ساكن في|ساكنة في)[: ]{1,3}(?:شارع|حي|ش)[^.!؟\n]{3,40})",
    re.IGNORECASE,
)
_FULL_NAME: Final = re.compile(
    r"\b[А-ЯІЇЄҐ][а-яіїєґё'’-]+ [А-ЯІЇЄҐ][а-яіїєґё'’-]+ [А-ЯІЇЄҐ][а-яіїєґё'’]+(?:вич[аеуом]*|вн[аыуеою]+"
    r"|івн[аиуою]+|ївн[аиуою]+|ович[аеуіем]*)\b"
)


def detect_personal_data(context: DraftInContext) -> Iterator[Hit]:
    """Every piece of personal data that the draft would publish."""
    text = context.draft.plain.text.translate(_DIGITS)
    taken: list[tuple[int, int]] = []
    for rule, start, end in (
        *_documents(text),
        *_emails(text, context.allowed_domains),
        *_homes(text),
        *_phones(text, context),
    ):
        if not any(a < end and start < b for a, b in taken):
            taken.append((start, end))
            yield Hit(rule=f"personal-data/{rule}", start=start, end=end)


def _documents(text: str) -> Iterator[tuple[str, int, int]]:
    for match in _CARD.finditer(text):
        if luhn.is_valid(re.sub(r"\D", "", match[0])) and re.sub(r"\D", "", match[0])[0] in "23456":
            yield "document-number", *match.span()
    for match in _IBAN.finditer(text):
        if iban.is_valid(match[0]):
            yield "document-number", *match.span()
    for pattern in (_CARD_END, _DOCUMENT):
        for match in pattern.finditer(text):
            yield "document-number", *match.span()


def _emails(text: str, domains: frozenset[str]) -> Iterator[tuple[str, int, int]]:
    for match in _EMAIL.finditer(text):
        host = match[0].rsplit("@", 1)[1].lower()
        theirs = _FREE_MAIL.search(match[0]) or _THEIR_MAIL.search(text[max(0, match.start() - 40) : match.start()])
        if theirs and host not in domains and (not _ROLE.match(match[0]) or not _FREE_MAIL.search(match[0])):
            yield "email", *match.span()


def _homes(text: str) -> Iterator[tuple[str, int, int]]:
    for pattern in (_HOME, _FULL_NAME):
        for match in pattern.finditer(text):
            yield "address", *match.span()


def _phones(text: str, context: DraftInContext) -> Iterator[tuple[str, int, int]]:
    regions = [region for lang in sorted(context.scripts) for region in _REGIONS[lang]]
    for match in _PHONE.finditer(text):
        before = text[max(0, match.start() - 60) : match.start()]
        sentence = re.split(r"[.!?؟\n](?=\s)", before)[-1]
        if _is_service(match[0], regions) or (_OUR_LINE.search(sentence) and not _THEIR_LINE.search(sentence)):
            continue
        theirs = _THEIR_LINE.search(sentence) is not None
        grouped = re.search(r"\d[ ()-]+\d", match[0]) is not None
        written_as_phone = theirs or match[0].lstrip("(").startswith("+") or (grouped and match[0][0] in "(08")
        if written_as_phone and any(_is_phone(match[0], region) for region in regions or ["US"]):
            yield "phone", *match.span()


def _parsed(number: str, region: str) -> phonenumbers.PhoneNumber | None:
    try:
        return phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None


def _is_phone(number: str, region: str) -> bool:
    parsed = _parsed(number, region)
    return parsed is not None and phonenumbers.is_possible_number(parsed)


def _is_service(number: str, regions: list[str]) -> bool:
    if re.match(r"\D*(?:8[ ()-]*800|0[ ()-]*800|\+?1?[ ()-]*8(?:00|88|77|66)\b|9200|800)", number):
        return True
    for region in regions:
        parsed = _parsed(number, region)
        if parsed is not None and phonenumbers.number_type(parsed) in _SERVICE_TYPES:
            return True
    return False
