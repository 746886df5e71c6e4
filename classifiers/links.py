"""Links in a draft and what is unsafe about them. Everything is told from the text; nothing is opened."""

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from classifiers.rule_engine import DraftInContext, Hit

_LINK: Final = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]{1,10}://|//(?=\w))?(?:[^\s/@<>«»\"()]{1,64}(?::[^\s/@]{0,64})?@(?=\S+/))?"
    r"(?P<host>(?:[\w-]{1,63}\.){1,8}(?:[^\W\d_]{2,24}|xn--[a-z0-9-]{2,59}"
    r"|\d{1,3}))(?::\d{1,5})?(?P<path>[/?#][^\s<>«»\"]*)?",
    re.IGNORECASE,
)
_SHORTENERS_NAMES: Final = (
    "bit.ly tinyurl.com goo.gl ow.ly t.co is.gd buff.ly cutt.ly rebrand.ly shorturl.at tiny.cc rb.gy bl.ink "
    "lnkd.in t.ly clck.ru vk.cc u.to qps.ru goo.su surl.li bitly.com shorte.st adf.ly s.id soo.gd v.gd qr.ae "
    "trib.al dlvr.it snip.ly forms.gle inx.lv urlz.fr 2u.pw zzb.bz shrtco.de kutt.it short.io"
)
_SHORTENERS: Final = frozenset(_SHORTENERS_NAMES.split())
_PROGRAMS: Final = re.compile(
    r"\.(?:exe|msi|apk|bat|cmd|scr|js|vbs|jar|dmg|iso|ps1|docm|xlsm)(?:$|[?#])", re.IGNORECASE
)
_ENDINGS_NAMES: Final = (
    "com net org info biz io app dev shop store online site me co ru ua рф by kz uk us de fr pl eu sa ae eg jo "
    "ma tn dz iq lb sy kw qa bh om ye ly sd ps tr in ng za au ca ie nz test example invalid укр top xyz click "
    "link help support pro cloud page live tv ai su md ge am az uz kg"
)
_ENDINGS: Final = frozenset(_ENDINGS_NAMES.split())
_TAKEN_AS_ENDING_NAMES: Final = "com net org example ru ua uk shop store gov edu"
_TAKEN_AS_ENDING: Final = frozenset(_TAKEN_AS_ENDING_NAMES.split())
_SECOND_LEVEL_NAMES: Final = "co com net org gov edu ac in"
_SECOND_LEVEL: Final = frozenset(_SECOND_LEVEL_NAMES.split())
_CHEAP: Final = frozenset(
    {"xyz", "top", "click", "icu", "gift", "tk", "win", "ml", "cf", "gq", "zip", "mov", "buzz", "rest"}
)
_BAIT_WORDS: Final = (
    "verify login signin secure pay payment refund reset confirm bonus bonusy gift claim voucher kyc oplata vhod"
    " vozvrat reward wallet unlock renewal prize winner compensation kompensacia customs"
)
_BAIT: Final = frozenset(_BAIT_WORDS.split())
_SHORT_NAME: Final = re.compile(r"(?:tinyurl|bitly|bit-|goo-|is-gd|tiny-|cutt-|rb-)")
_LATIN: Final = re.compile(r"[a-z]", re.IGNORECASE)
_OTHER_SCRIPT: Final = re.compile(r"[\u0370-\u03ff\u0400-\u052f]")
_COUNTRY_ENDING: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A link as it stands in the plain text: where, its scheme ("" when none is written), host in lower case, path."""

    start: int
    end: int
    scheme: str
    host: str
    path: str
    hides_login: bool


def links(text: str) -> Iterator[Link]:
    """Every link of a text; a bare `word.word` counts only when its ending is one that domains have."""
    for match in _LINK.finditer(text):
        scheme, host, path = (match["scheme"] or "").lower(), match["host"].lower().strip("."), match["path"] or ""
        before = text[match.start() - 1 : match.start()]
        if before == "@" or (not scheme and "@" in match[0][: len(match[0]) - len(path)]):
            continue
        if (
            not scheme
            and host.rsplit(".", 1)[-1] not in _ENDINGS | _CHEAP
            and not host.startswith("www.")
            and not _is_number(host)
        ):
            continue
        if not scheme and _is_number(host) and len(path) <= 1:
            continue
        end = match.start() + len(match[0].rstrip(".,;:!?)]}'…"))
        yield Link(
            start=match.start(),
            end=end,
            scheme=scheme,
            host=host,
            path=path,
            hides_login=bool(scheme) and "@" in match[0][len(scheme) :].split("/", 1)[0],
        )


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def allowed(host: str, domains: Iterable[str]) -> bool:
    """Whether a host is one of the domains or lies below one."""
    bare = host.removeprefix("www.")
    return any(bare == domain or bare.endswith("." + domain) for domain in domains)


def _imitates(host: str, domains: Iterable[str]) -> bool:
    """Mixed alphabets, punycode, another domain's name in front of this one, or one letter beside an allowed name."""
    if any(_LATIN.search(label) and _OTHER_SCRIPT.search(label) for label in host.split(".")) or "xn--" in host:
        return True
    labels = host.removeprefix("www.").split(".")
    registered = (
        3 if len(labels) > _COUNTRY_ENDING and len(labels[-1]) == _COUNTRY_ENDING and labels[-2] in _SECOND_LEVEL else 2
    )
    if any(label in _TAKEN_AS_ENDING for label in labels[1:-registered]):
        return True
    name = labels[-registered] if len(labels) >= registered else labels[0]
    return any(_beside(name, domain.split(".")[0]) for domain in domains)


def _beside(name: str, brand: str) -> bool:
    """Whether a name looks like the brand's without being it: one letter off, or the brand with a tail."""
    if name == brand or len(brand) < 4:  # noqa: PLR2004 - shorter names are too near to everything
        return False
    plain = name.translate(str.maketrans("013457", "oleast")).replace("vv", "w").replace("rn", "m")
    if plain == brand or brand in re.split(r"[-_]", plain) or plain.startswith(brand) or plain.endswith(brand):
        return True
    if abs(len(plain) - len(brand)) > 1:
        return False
    same = sum(1 for a, b in zip(plain, brand, strict=False) if a == b)
    return same >= len(brand) - 1 or plain.replace(brand[-1], "") == brand.replace(brand[-1], "")


def detect_links(context: DraftInContext) -> Iterator[Hit]:
    """What is unsafe about each link of the draft; with allowed domains given, every other one is foreign."""
    domains = context.allowed_domains
    for link in links(context.draft.plain.text):
        rule = _fault(link, domains, on_x=context.platform == "x")
        if rule:
            yield Hit(rule=f"unsafe-link/{rule}", start=link.start, end=link.end)


def _is_suspicious(host: str) -> bool:
    """A cheap ending, a hyphenated call to pay or log in, or a shortener's name that is none."""
    labels = host.removeprefix("www.").split(".")
    words = [word for label in labels[:-1] if "-" in label for word in label.split("-")]
    return labels[-1] in _CHEAP or bool(_BAIT & set(words)) or any(_SHORT_NAME.match(label) for label in labels[:-1])


def _fault(link: Link, domains: frozenset[str], *, on_x: bool) -> str | None:
    safe_host = allowed(link.host, domains)
    if link.hides_login or _is_number(link.host) or _PROGRAMS.search(link.path) or link.scheme in {"ftp://", "data://"}:
        return "raw-address"
    if not safe_host:
        found = _foreign_fault(link.host, domains, on_x=on_x)
        if found:
            return found
    return "insecure" if link.scheme == "http://" else None


def _foreign_fault(host: str, domains: frozenset[str], *, on_x: bool) -> str | None:
    if _imitates(host, domains):
        return "look-alike"
    if host.removeprefix("www.") in _SHORTENERS and not (on_x and host == "t.co"):
        return "shortener"
    if _is_suspicious(host):
        return "suspicious-name"
    return "foreign-domain" if domains and not (on_x and host == "t.co") else None
