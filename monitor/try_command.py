"""`python -m monitor try SOURCE`: the first posts a source would bring, cleaned and judged; nothing is stored."""

import argparse
import sys
from datetime import datetime
from typing import Final

from classifiers.command_line import CommandError
from classifiers.language import LanguageGuesser
from classifiers.text import clean
from classifiers.types import Assessment, ModelUnavailable
from monitor.alerts import plain
from monitor.assembly import brands_of, model_of, rules_of, source_settings, utc_now
from monitor.brands import Brands
from monitor.collectors import registry
from monitor.collectors.settings import Spent
from monitor.config import Settings, SettingsError
from monitor.errors import EdgeError
from monitor.mention import Batch, Cursor, NewMention, SourceName
from monitor.priority import Facts, priority
from monitor.settings_option import Commands, add_config_option, settings_of
from monitor.storage.mentions import judged

SHOWN: Final = 10
TEXT_LIMIT: Final = 300


def add_parser(commands: Commands) -> None:
    """Add `try` to the commands of `python -m monitor`."""
    parser = commands.add_parser("try", help="show the first posts that a source would bring; stores nothing")
    add_config_option(parser)
    parser.add_argument("source", metavar="SOURCE", help="a source of the settings")
    parser.add_argument("--limit", type=int, default=SHOWN, metavar="N", help=f"posts shown (default: {SHOWN})")
    parser.add_argument("--paid", action="store_true", help="ask a source that charges for what it brings")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fetch once and print; a source that fails is one sentence and exit status 2."""
    settings = settings_of(args)
    name = SourceName(args.source)
    if name not in settings.sources:
        known = ", ".join(settings.sources) or "none"
        raise CommandError(f'there is no source "{name}" in {settings.file} (there are: {known})')
    batch = fetched(name, settings, paid=args.paid, now=utc_now())
    show(batch, settings, limit=max(0, args.limit))
    return 0


def fetched(name: SourceName, settings: Settings, *, paid: bool, now: datetime) -> Batch:
    """One fetch from the beginning, nothing stored; raises CommandError in one sentence."""
    table = settings.sources[name]
    try:
        own = source_settings(name, table, settings)
        if hasattr(own, "usd_day_cap") and not paid:
            raise CommandError(
                f'"{name}" charges for what it brings, and a trial is not in its ledger; add --paid to go on'
            )
        return registry.build(name, table, settings, ledger=_unspent).fetch(Cursor(), now=now)
    except SettingsError as error:
        raise CommandError(f"{settings.file}: {error}") from error
    except EdgeError as error:
        raise CommandError(f"{name}: {error.sentence}") from error


def show(batch: Batch, settings: Settings, *, limit: int) -> None:
    """Print the first posts of a batch with whom they are about and how they are judged."""
    out = sys.stdout
    out.write(f"seen {batch.seen}, usable {len(batch.mentions)}, set aside {len(batch.set_aside)}\n")
    if batch.note:
        out.write(f"note: {plain(batch.note, TEXT_LIMIT)}\n")
    for aside in batch.set_aside[:limit]:
        out.write(f"set aside: {plain(aside.reason, TEXT_LIMIT)}\n")
    posts = batch.mentions[:limit]
    languages = LanguageGuesser(settings.languages)
    brands = brands_of(settings, languages)
    texts = [clean(judged(post)).text for post in posts]
    try:
        assessments: list[Assessment | None] = [*model_of(settings, languages, _outside_unavailable).assess(texts)]
    except ModelUnavailable as error:
        sys.stderr.write(f"not judged: {error}\n")
        assessments = [None] * len(posts)
    for post, text, assessment in zip(posts, texts, assessments, strict=True):
        _show_post(post, text, assessment, brands, settings)


def _show_post(post: NewMention, text: str, assessment: Assessment | None, brands: Brands, settings: Settings) -> None:
    brand = brands.brand_of(post, None)
    about = "our own post" if brands.ours(post) else f"about {brand}" if brand else "about no brand of yours"
    if post.addressed and not brand:
        about = "addressed to you"
    who = f"{post.created_at:%Y-%m-%d %H:%M} UTC  {plain(post.platform, 40)}  {plain(post.author.handle, 60)}"
    sys.stdout.write(f"\n{who}  ({about})\n  {plain(text, TEXT_LIMIT)}\n")
    if assessment is not None:
        sys.stdout.write(f"  {judgement_words(assessment)}\n  {_priority_words(post, text, assessment, settings)}\n")


def _outside_unavailable(reason: str) -> None:
    sys.stderr.write(f"our own head answers instead: {reason}\n")


def judgement_words(assessment: Assessment) -> str:
    """A judgement in one line; `?` marks what the model is not sure of."""
    heads = (assessment.sentiment, assessment.toxicity, assessment.intent)
    words = [f"{head.label.value}{'' if head.sure else '?'}" for head in heads]
    urgency = assessment.urgency
    urgent = (
        f"urgent ({urgency.reason.value if urgency.reason else 'no reason named'})" if urgency.urgent else "not urgent"
    )
    return f"{assessment.lang.label}: {', '.join(words)}, {urgent}{'' if urgency.sure else '?'}"


def _priority_words(post: NewMention, text: str, assessment: Assessment, settings: Settings) -> str:
    facts = Facts(
        text=text,
        platform=post.platform,
        created_at=post.created_at,
        followers=post.author.followers,
        starts_thread=post.parent_id is None and post.root_id is None,
        thread_posts=0,
        assessment=assessment,
    )
    answer = priority(facts, rules_of(settings, "console").times, now=utc_now())
    return f"severity {answer.severity:g}, {answer.lane.value} lane ({answer.lane_reason.value})"


def _unspent(_now: datetime) -> Spent:
    return Spent(today=0.0, this_month=0.0)
