from dataclasses import replace
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="torch is installed only to train")

from classifiers.encoder import WEIGHTS  # noqa: E402 - after the check for torch
from classifiers.tokens import Tokens  # noqa: E402
from classifiers.training import loop  # noqa: E402
from classifiers.training.batches import IGNORE, collate_drafts, stream, tokenised_draft  # noqa: E402
from classifiers.training.corpora import DraftExample, MentionExample  # noqa: E402
from classifiers.training.loop import Material, Plan, Sizes, start_from, train  # noqa: E402
from classifiers.training.network import Encoder, Network  # noqa: E402
from classifiers.types import Category, Intent, Sentiment  # noqa: E402

TOKENS = Tokens.from_file(WEIGHTS / "tokenizer.json")
VOCABULARY = 65_784
DRAFT = DraftExample(
    mention="It broke",
    draft="Sorry 😀, but that is your fault.",
    lang="en",
    risky=True,
    categories=frozenset({Category.BLAME}),
    spans=((14, 32),),
)
MENTIONS = [
    MentionExample(
        text=f"It broke again, day {i}",
        lang="en",
        source="written",
        sentiment=Sentiment.NEGATIVE,
        toxic=False,
        intents=frozenset({Intent.COMPLAINT}),
        urgent=False,
    )
    for i in range(3)
]
SIZES = Sizes(3, 3, 1)
TEACHER = Encoder(VOCABULARY)
MATERIAL = Material(public=MENTIONS, written=MENTIONS, drafts=[DRAFT])


def fresh_network() -> Network:
    torch.manual_seed(0)
    return Network(VOCABULARY)


def test_only_the_labelled_words_of_a_draft_are_marked() -> None:
    item = tokenised_draft(DRAFT, TOKENS)
    batch = collate_drafts([item])
    marked = [t for t, label in zip(item.window.tokens, item.labels[item.window.first :], strict=False) if label == 1]
    assert DRAFT.draft[marked[0].start : marked[-1].end].strip() == "that is your fault."
    assert batch.tokens[0, 0] == IGNORE
    assert batch.types[0, 0] == 0


def test_the_order_follows_from_the_seed_and_the_step() -> None:
    items = list(range(50))
    feed = stream(items, 8, seed="a", length=lambda i: i % 7)
    ten = [next(feed) for _ in range(10)]
    later = stream(items, 8, seed="a", length=lambda i: i % 7, skip=6)
    assert [next(later) for _ in range(4)] == ten[6:]
    assert next(stream(items, 8, seed="b", length=lambda i: i % 7)) != ten[0]


def test_an_interrupted_run_ends_where_an_unbroken_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "SAVE_EVERY", 2)
    whole = fresh_network()
    plan = Plan(seed=1, minutes=1, steps=3, sizes=SIZES, checkpoint=tmp_path / "a.pt")
    assert train(whole, TEACHER, TOKENS, MATERIAL, plan).steps == 3

    plan = replace(plan, checkpoint=tmp_path / "b.pt")
    learn, calls = loop._drafts, []

    def break_off(network: Network, batch: object) -> dict[str, float]:
        calls.append(batch)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return learn(network, batch)

    monkeypatch.setattr(loop, "_drafts", break_off)
    with pytest.raises(KeyboardInterrupt):
        train(fresh_network(), TEACHER, TOKENS, MATERIAL, plan)
    monkeypatch.setattr(loop, "_drafts", learn)
    resumed = fresh_network()
    train(resumed, TEACHER, TOKENS, MATERIAL, plan)
    for ours, theirs in zip(resumed.parameters(), whole.parameters(), strict=True):
        assert torch.equal(ours, theirs)
    other = fresh_network()
    start_from(other, plan.checkpoint)
    assert torch.equal(other.draft.out.weight, whole.draft.out.weight)


def test_the_average_of_two_runs_lies_between_them(tmp_path: Path) -> None:
    runs = []
    for seed in (1, 2):
        plan = Plan(seed=seed, minutes=1, steps=2, sizes=SIZES, checkpoint=tmp_path / f"{seed}.pt")
        train(fresh_network(), TEACHER, TOKENS, MATERIAL, plan)
        runs.append(plan.checkpoint)
    first, second, both = fresh_network(), fresh_network(), fresh_network()
    start_from(first, runs[0])
    start_from(second, runs[1])
    start_from(both, *runs)
    assert not torch.equal(first.draft.out.weight, second.draft.out.weight)
    assert torch.allclose(both.draft.out.weight, (first.draft.out.weight + second.draft.out.weight) / 2, atol=1e-6)
