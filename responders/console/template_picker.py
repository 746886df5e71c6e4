"""Starting a reply from a template: those that fit the post first, each with its reason; all alike if it is urgent."""

from collections.abc import Sequence

import streamlit as st

from monitor.mention import Lane
from monitor.storage.stored import StoredMention
from responders import store
from responders.console import context
from responders.console import pen as pens
from responders.console.context import Visit
from responders.console.notices import plain
from responders.console.pen import Pen
from responders.console.rendering import paragraph
from responders.drafting import Suggestion, suggest, values_for
from responders.reply import ReplyTarget
from responders.templates import fill_open


def show(visit: Visit, mention: StoredMention, pen: Pen) -> None:
    """The templates in one language, to look at and to use."""
    say, book = visit.words, visit.console.templates
    if not book.templates:
        return
    with visit.console.database.read() as unit:
        target = store.target_of(unit, mention.id)
    lane = pen.draft.lane if pen.draft else pen.lane or mention.lane or Lane.PERSONAL
    values = known_values(visit, target)
    # What nobody could judge may be urgent, too.
    urgent = mention.assessment is None or mention.assessment.urgency.urgent
    fitting = suggest(target, book, values, lane=lane, limit=5, even_personal=True, urgent=urgent)
    begins = bool(fitting) and lane is Lane.FLOW and not pen.saved.strip()
    with st.expander(say("desk.template"), expanded=begins, key=f"templates-{pen.mention}"):
        if lane is Lane.PERSONAL:
            st.caption(plain(say("desk.template-personal")))
        with st.container(horizontal=True, vertical_alignment="bottom"):
            languages = sorted({lang for template in book.templates.values() for lang in template.wordings})
            lang = st.selectbox(
                say("desk.template-language"),
                languages,
                index=languages.index(target.lang) if target.lang in languages else 0,
                format_func=lambda code: say.name("language", code),
                key=f"template-language-{pen.mention}",
                width=180,
            )
            keys = _keys(visit, lang, fitting if lang == target.lang else ())
            fits = {one.template for one in fitting}
            names = [f"★ {key}" if key in fits else key for key in keys]
            name: str = st.selectbox(say("desk.template-which"), names, key=f"template-{pen.mention}-{lang}")
        key = keys[names.index(name)]
        text, missing = fill_open(book.templates[key], lang, values)
        st.html(paragraph(text, css="tf-draft"))
        why = next((one.why for one in fitting if one.template == key), "")
        if why:
            st.caption(plain(say("desk.template-why", why=why)))
        if missing:
            st.caption(plain(say("desk.template-missing", fields=", ".join(missing))))
        if st.button(say("desk.template-apply"), key=f"use-template-{pen.mention}", help=say("desk.template-replaces")):
            pen.template = key
            pens.replace_words(visit.console, pen, text, by=visit.account, mention=mention, now=context.now())
            st.rerun()


def _keys(visit: Visit, lang: str, fitting: Sequence[Suggestion]) -> list[str]:
    """Template keys that have words in this language, the fitting ones first."""
    first = [one.template for one in fitting]
    rest = [key for key, template in visit.console.templates.templates.items() if lang in template.wordings]
    return list(dict.fromkeys([*first, *rest]))


def known_values(visit: Visit, target: ReplyTarget) -> dict[str, str | None]:
    """What fields are filled with for a post, from the settings of its brand."""
    brand = visit.console.settings.brands.get(target.brand or "")
    return values_for(
        target,
        brand=brand.name if brand else None,
        channel=brand.channel if brand else None,
        domain=brand.domains[0] if brand and brand.domains else None,
    )
