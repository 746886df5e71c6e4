"""Insights: how much is said, how, and whether the model's judgement of it has moved. Reads weekly counts only."""

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from typing import Final

import streamlit as st

from monitor.drift import (
    LEAST_BEFORE,
    LEAST_NOW,
    Count,
    Drift,
    Head,
    State,
    View,
    drifts,
    week_of,
)
from monitor.storage import drift_alarms, weekly
from monitor.storage.alerts import AlertState
from monitor.storage.drift_alarms import DriftAlarm
from responders.console import insights_figures as figures
from responders.console.context import Visit
from responders.console.insights_figures import Share, Week
from responders.console.rendering import badge, inline

ALL: Final = "*"
SHARES: Final = ("complaint", "negative", "urgent")
_KINDS: Final = {State.STEADY: "good", State.MOVED: "care", State.SHIFTED: "bad", State.NEW_MODEL: "ours"}
_LABELS: Final = {
    Head.SENTIMENT: "sentiment",
    Head.TOXICITY: "toxicity",
    Head.INTENT: "intent",
    Head.URGENCY: "urgency-label",
}
_HEIGHT: Final = 350
_FRAME, _PLACE = 90, 34  # pixels: what stands around a comparison's bars, and a pair of them
_GREY, _OURS = "#8A979B", "#0B6B63"
# Neighbours differ in lightness too, so that a stack stays readable without its colours.
_COLOURS: Final = ("#0B6B63", "#C8742A", "#2F6F8F", "#D9B44A", "#5B5B93", "#A3271B", "#7FA99B", "#63757B")
_SHARE_COLOURS: Final = ("#C8742A", "#5B5B93", "#A3271B")


def show(visit: Visit) -> None:
    """The page."""
    say = visit.words
    st.title(say("insights.title"), anchor=False)
    this = week_of(visit.now)
    with visit.console.database.read() as unit:
        counts = weekly.counts(unit, this - timedelta(weeks=figures.WEEKS_SHOWN - 1))
        alarms = drift_alarms.latest(unit)
    weeks = figures.weeks(counts, this=this)
    if not weeks:
        st.info(say("insights.empty", weeks=figures.WEEKS_SHOWN))
        return
    langs = figures.languages(counts)
    st.header(say("insights.volume"), anchor=False)
    st.caption(say("insights.volume-help"))
    _volume(visit, weeks, langs)
    st.header(say("insights.shares"), anchor=False)
    st.caption(say("insights.shares-help"))
    _shares(visit, counts, weeks, langs)
    st.header(say("insights.drift"), anchor=False)
    st.caption(say("insights.drift-help"))
    _drift(visit, drifts(counts, now=visit.now))
    _alarms(visit, alarms)


def _volume(visit: Visit, weeks: Sequence[Week], langs: Sequence[str]) -> None:
    say = visit.words
    names = [say.name("language", lang) for lang in langs]
    data: dict[str, list[str | int]] = {"week": [], "number": [], "language": []}
    for one in weeks:
        for lang, name in zip(langs, names, strict=True):
            data["week"].append(one.monday.isoformat())
            data["number"].append(one.by_language.get(lang, 0))
            data["language"].append(name)
    week, number, language = say("insights.week"), say("insights.mentions"), say("insights.of")
    colours = [_COLOURS[place % len(_COLOURS)] for place in range(len(names))]
    # Written out where `st.bar_chart` would do, because its legend is one line that a narrow screen cuts off.
    spec: dict[str, object] = {
        "mark": {"type": "bar"},
        "encoding": {
            "x": {"field": "week", "type": "ordinal", "title": week},
            "y": {"field": "number", "type": "quantitative", "title": number},
            "color": {
                "field": "language",
                "type": "nominal",
                "scale": {"domain": names, "range": colours},
                "legend": {"orient": "bottom", "columns": 2, "title": None},
            },
            "tooltip": [
                {"field": field, "title": title}
                for field, title in (("week", week), ("language", language), ("number", number))
            ],
        },
    }
    st.vega_lite_chart(
        data,
        spec,
        height=_HEIGHT,
        alt=say("insights.volume-alt", weeks=len(weeks), count=sum(one.n for one in weeks)),
    )


def _shares(visit: Visit, counts: Sequence[Count], weeks: Sequence[Week], langs: Sequence[str]) -> None:
    say = visit.words
    lang = ALL
    if len(langs) > 1:
        lang = st.selectbox(
            say("insights.of"),
            [ALL, *langs],
            format_func=lambda value: say("insights.all") if value == ALL else say.name("language", value),
            key="insights-shares",
            width=260,
        )
    shown = weeks if lang == ALL else figures.weeks(counts, this=week_of(visit.now), lang=lang)
    week = say("insights.week")
    data: dict[str, list[str | float | None]] = {week: [one.monday.isoformat() for one in shown]}
    for name in SHARES:
        data[say(f"insights.{name}")] = [round(one.shares[name].percent, 1) if one.n else None for one in shown]
    names = [say(f"insights.{name}") for name in SHARES]
    label, alt = say("insights.percent"), say("insights.shares-alt")
    if len(shown) > 1:
        st.line_chart(data, x=week, y=names, y_label=label, color=[*_SHARE_COLOURS], height=_HEIGHT, alt=alt)
    else:  # a line of one point shows nothing
        st.bar_chart(
            data, x=week, y=names, y_label=label, color=[*_SHARE_COLOURS], height=_HEIGHT, stack=False, alt=alt
        )
    with st.expander(say("insights.figures")):
        st.html(_table(visit, shown))


def _table(visit: Visit, weeks: Sequence[Week]) -> str:
    say = visit.words
    names = [say("insights.week"), say("insights.mentions"), *(say(f"insights.{name}") for name in SHARES)]
    rows = [
        [escape(one.monday.isoformat()), f"{one.n:,}", *(_percent(one.shares[name]) for name in SHARES)]
        for one in reversed(weeks)
    ]
    return _html_table(names, rows)


def _percent(share: Share) -> str:
    if not share.n:
        return "–"
    return f"<bdi>{share.percent:.0f} % ({share.low:.0f}–{share.high:.0f})</bdi>"


def _drift(visit: Visit, found: Sequence[Drift]) -> None:
    say = visit.words
    if not found:
        st.caption(say("insights.drift-none"))
        return
    columns = [say(f"insights.{name}") for name in ("of", "head", "finding", "index", "numbers")]
    st.html(_html_table(columns, _rows(visit, found)))
    if any(drift.state in (State.MOVED, State.SHIFTED) for drift in found):
        st.html(f'<p class="tf-note">{escape(say("insights.advice"))}</p>')
    st.html(f'<p class="tf-faint">{escape(say("insights.version", revision=found[0].revision))}</p>')
    measured = [drift for drift in found if drift.psi is not None]
    langs = list(dict.fromkeys(drift.lang for drift in measured))
    if not langs:
        return
    worst = max(measured, key=lambda drift: drift.psi or 0.0)
    lang = langs[0]
    if len(langs) > 1:
        lang = st.selectbox(
            say("insights.choose"),
            langs,
            index=langs.index(worst.lang),
            format_func=lambda value: say.name("language", value),
            key="insights-drift",
            width=260,
        )
    left, right = st.columns(2)
    for number, drift in enumerate(drift for drift in measured if drift.lang == lang):
        with (left, right)[number % 2]:
            _comparison(visit, drift)


def _rows(visit: Visit, found: Sequence[Drift]) -> list[list[str]]:
    """A row for each language and head; one for a language of which nothing can be compared yet."""
    rows = []
    for lang in dict.fromkeys(drift.lang for drift in found):
        own = [drift for drift in found if drift.lang == lang]
        if all(drift.psi is None for drift in own) and len({drift.state for drift in own}) == 1:
            rows.append(_row(visit, own[0], head=visit.words("insights.everything")))
        else:
            rows += [_row(visit, drift, head=visit.words.name("head", drift.head.value)) for drift in own]
    return rows


def _row(visit: Visit, drift: Drift, *, head: str) -> list[str]:
    say = visit.words
    state = badge(say.name("drift-state", drift.state.value), kind=_KINDS.get(drift.state, "plain"))
    return [
        escape(say.name("language", drift.lang)),
        escape(head),
        f"<div>{state} {escape(_words(visit, drift))}</div>",
        "–" if drift.psi is None else f"{drift.psi:.2f}",
        f"<bdi>{drift.n:,} / {drift.reference_n:,}</bdi>",
    ]


def _words(visit: Visit, drift: Drift) -> str:
    """What was found, in one plain sentence."""
    say = visit.words
    if drift.state is State.FEW:
        return say("insights.few", count=drift.n, least=LEAST_NOW)
    if drift.state in (State.GATHERING, State.NEW_MODEL):
        return say(f"insights.{drift.state.value}", count=drift.reference_n, least=LEAST_BEFORE)
    if drift.state is State.STEADY or drift.move is None:
        return say("insights.steady")
    move = drift.move
    values = {"before": f"{100 * move.before:.0f}", "after": f"{100 * move.after:.0f}"}
    if move.label is not None:
        values["label"] = say.name(_LABELS[drift.head], move.label)
    return say(f"insights.{move.direction.value}", **values)


def _comparison(visit: Visit, drift: Drift) -> None:
    """A small chart: this week beside the weeks before, in the view that moved more."""
    say = visit.words
    before, now = say("insights.before"), drift.week.isoformat()
    old, new = drift.before[drift.view], drift.after[drift.view]
    scores = drift.view is View.SCORES
    axis = say("insights.score") if scores else say("insights.label")
    places = sorted({*old, *new}, key=lambda name: (-old.get(name, 0.0), name) if not scores else (int(name), ""))
    names = [
        f"{int(place) / 10:.1f}–{(int(place) + 1) / 10:.1f}" if scores else say.name(_LABELS[drift.head], place)
        for place in places
    ]
    title = f"{say.name('head', drift.head.value)} ({say('insights.percent')})"
    st.html(f"<h3>{inline(title)}</h3>")
    st.bar_chart(
        {
            axis: names,
            before: [round(100 * old.get(place, 0.0), 1) for place in places],
            now: [round(100 * new.get(place, 0.0), 1) for place in places],
        },
        x=axis,
        y=[before, now],
        x_label="",
        y_label="",
        color=[_GREY, _OURS],
        horizontal=True,
        stack=False,
        sort=False,
        height=_FRAME + _PLACE * len(places),
        alt=f"{say.name('head', drift.head.value)}: {_words(visit, drift)}",
    )


def _alarms(visit: Visit, alarms: Sequence[DriftAlarm]) -> None:
    say = visit.words
    st.header(say("insights.alarms"), anchor=False)
    if not alarms:
        st.caption(say("insights.alarms-empty"))
        return
    columns = [say(f"insights.{name}") for name in ("week", "of", "head", "index", "heard")]
    rows = [
        [
            escape(alarm.week.isoformat()),
            escape(say.name("language", alarm.lang)),
            escape(say.name("head", alarm.head.value)),
            f"{alarm.psi:.2f}",
            _heard(visit, alarm),
        ]
        for alarm in alarms
    ]
    st.html(_html_table(columns, rows))


def _heard(visit: Visit, alarm: DriftAlarm) -> str:
    say = visit.words
    match alarm.state:
        case AlertState.DELIVERED:
            return badge(say("sources.delivered"), kind="good")
        case AlertState.DUE:
            return badge(say("sources.due"), kind="care")
        case AlertState.GIVEN_UP:
            return badge(say("sources.given-up", count=alarm.attempts), kind="bad")


def _html_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose cells are HTML already; on a narrow screen each row is a stack of named values."""
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        "<tr>"
        + "".join(f'<td data-label="{escape(name)}">{cell}</td>' for name, cell in zip(columns, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="tf-scroll"><table class="tf-table tf-stack"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
