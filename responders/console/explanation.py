"""Which words decided: under a mention, on demand, the words that carried one of its judgements, marked by weight."""

from collections.abc import Mapping
from html import escape
from typing import Final

import streamlit as st

from classifiers.types import Assessment, ModelUnavailable
from monitor.drift import CALM, URGENT, Head
from monitor.storage.mentions import judged
from monitor.storage.stored import StoredMention
from responders.console import context
from responders.console.context import Visit
from responders.console.notices import plain
from responders.console.rendering import STRONGEST, Weight, inline, weighed
from responders.console.words import Words
from responders.explaining import LONGEST, Explained

LISTED: Final = 5
"""Words that are named below the text; the marks show every one."""
_WORD_AT_MOST: Final = 40


def show(mention: StoredMention, *, reveal: bool) -> None:
    """A closed box for a mention that a model has judged; nothing is computed before it is opened."""
    if mention.assessment is not None:
        st.fragment(_box)(mention, mention.assessment, reveal=reveal)


def _box(mention: StoredMention, assessment: Assessment, *, reveal: bool) -> None:
    visit = context.visit()  # this runs again by itself: the login may have ended meanwhile
    if visit is None:
        st.rerun()
    say = visit.words
    box = st.expander(say("decided.title"), key=f"decided-{mention.id}", on_change="rerun")
    if not box.open:
        return
    with box:
        text = judged(mention.post)
        if len(text) > LONGEST:
            st.caption(plain(say("decided.too-long", count=f"{len(text):,}", most=f"{LONGEST:,}")))
            return
        labels = _labels(assessment)
        head = st.segmented_control(
            say("decided.of"),
            list(Head),
            default=Head.URGENCY if assessment.urgency.urgent else Head.SENTIMENT,
            format_func=lambda one: f"{say.name('head', one.value)}: {_label(say, one, labels[one])}",
            required=True,
            key=f"decided-of-{mention.id}",
        )
        _answer(visit, assessment, text, head or Head.SENTIMENT, reveal=reveal)


def _answer(visit: Visit, assessment: Assessment, text: str, head: Head, *, reveal: bool) -> None:
    """The text with its marks, or one sentence that says why there are none."""
    say = visit.words
    then = _labels(assessment)[head]
    if f"+{head.value}:" in assessment.model:
        st.caption(plain(say("decided.other-model")))
        return
    try:
        with st.spinner(say("decided.trying")):
            explained = visit.console.explainer.explain(text, assessment.lang.label)
    except ModelUnavailable as error:
        st.warning(plain(say("decided.missing", why=str(error))), icon=":material/error:")
        return
    now = explained.labels[head]
    if now != then:
        st.caption(plain(say("decided.differs", now=_label(say, head, now), then=_label(say, head, then))))
    elif head is Head.URGENCY and explained.sign is not None:
        st.caption(plain(say("decided.sign", reason=say.name("urgency", explained.sign.value))))
    elif not explained.carriers[head]:
        st.caption(plain(say("decided.none", label=_label(say, head, then))))
    else:
        st.html(_marked(say, explained, text, head, reveal=reveal))


def _marked(say: Words, explained: Explained, text: str, head: Head, *, reveal: bool) -> str:
    """The text with the words that carried the label, and the heaviest of them in a list with their weights."""
    carriers = explained.carriers[head]
    heaviest = carriers[0].weight
    weights = [
        Weight(
            start=carrier.start,
            end=carrier.end,
            strength=1 + int((STRONGEST - 1) * carrier.weight / heaviest + 0.5),
            label=_points(say, carrier.weight),
        )
        for carrier in carriers
    ]
    rows = "".join(
        f"<li>{inline(carrier.text, limit=_WORD_AT_MOST)}: "
        f'<span class="tf-faint">{escape(_points(say, carrier.weight))}</span></li>'
        for carrier in carriers[:LISTED]
    )
    why = escape(say("decided.help", label=_label(say, head, explained.labels[head])))
    text_marked = weighed(text, weights, reveal=reveal)
    return f'{text_marked}<ol class="tf-decided">{rows}</ol><p class="tf-faint tf-line">{why}</p>'


def _points(say: Words, weight: float) -> str:
    return say("decided.points", count=round(weight * 100))


def _labels(assessment: Assessment) -> Mapping[Head, str]:
    return {
        Head.SENTIMENT: assessment.sentiment.label.value,
        Head.TOXICITY: assessment.toxicity.label.value,
        Head.INTENT: assessment.intent.label.value,
        Head.URGENCY: URGENT if assessment.urgency.urgent else CALM,
    }


def _label(say: Words, head: Head, label: str) -> str:
    return say.name("urgency-label" if head is Head.URGENCY else head.value, label)
