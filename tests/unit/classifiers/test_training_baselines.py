"""What the simpler models learn from, where what they need is installed."""

import pytest

pytest.importorskip("torch", reason="torch is installed only to train")
pytest.importorskip("sklearn", reason="scikit-learn is installed only to train")

from classifiers.training.baselines import labelled
from classifiers.training.corpora import MentionExample
from classifiers.types import Intent, Sentiment

EXAMPLES = [
    MentionExample(text="buy now", lang="en", source="s", intents=frozenset({Intent.SPAM})),
    MentionExample(text="hello", lang="en", source="s", intents=frozenset(Intent) - {Intent.SPAM}),
    MentionExample(text="why", lang="en", source="s", intents=frozenset({Intent.QUESTION, Intent.SPAM})),
    MentionExample(text="good", lang="en", source="s", sentiment=Sentiment.POSITIVE, toxic=False),
]


def test_only_what_is_known_about_a_task_is_learnt() -> None:
    assert sorted(labelled(EXAMPLES, "spam")) == [("buy now", "spam"), ("hello", "ham")]
    assert sorted(labelled(EXAMPLES, "complaint")) == [("buy now", "other"), ("why", "other")]
    assert labelled(EXAMPLES, "sentiment") == [("good", "positive")]
    assert labelled(EXAMPLES, "hate") == [("good", "other")]
