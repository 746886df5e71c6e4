import re

import pytest

from classifiers.label_map import LEFT_OUT, OURS, BadLabelMap, Head, LabelMap

STARS = {
    "1 star": "negative",
    "2 stars": "negative",
    "3 stars": "neutral",
    "4 stars": "positive",
    "5 stars": "positive",
}


def test_probabilities_of_labels_that_mean_the_same_add_up() -> None:
    found = LabelMap.of(Head.SENTIMENT, STARS).read(list(STARS), [0.1, 0.2, 0.3, 0.15, 0.25], exclusive=True)
    assert found == pytest.approx({"negative": 0.3, "neutral": 0.3, "positive": 0.4})
    assert tuple(found) == OURS[Head.SENTIMENT]


def test_of_labels_that_hold_each_for_itself_the_strongest_counts_and_the_rest_is_clean() -> None:
    labels = {"insult": "toxic", "threat": "toxic", "off topic": LEFT_OUT}
    found = LabelMap.of(Head.TOXICITY, labels).read(list(labels), [0.4, 0.7, 0.9], exclusive=False)
    assert found == pytest.approx({"toxic": 0.7, "clean": 0.3})


def test_a_label_that_is_left_out_takes_its_probability_along() -> None:
    labels = {"a": "toxic", "b": "clean", "c": LEFT_OUT}
    assert LabelMap.of(Head.TOXICITY, labels).read(["a", "b", "c"], [0.2, 0.3, 0.5], exclusive=True) == pytest.approx(
        {"toxic": 0.2, "clean": 0.3}
    )


@pytest.mark.parametrize(
    ("head", "labels", "says"),
    [
        (Head.SENTIMENT, {"POS": "good"}, '"POS" cannot mean "good"; sentiment has the labels negative, neutral, pos'),
        (Head.INTENT, {"x": "complaint", "y": "toxic"}, '"y" cannot mean "toxic"; intent has the labels complaint'),
        (Head.SENTIMENT, {"x": "positive", "y": LEFT_OUT}, "at least two labels of sentiment"),
        (Head.TOXICITY, {"x": "clean"}, "at least two labels of toxicity"),
        (Head.TOXICITY, {}, "at least two labels of toxicity"),
    ],
)
def test_a_map_that_cannot_work_is_refused_by_name(head: Head, labels: dict[str, str], says: str) -> None:
    with pytest.raises(BadLabelMap, match=re.escape(says)):
        LabelMap.of(head, labels)


@pytest.mark.parametrize(
    ("theirs", "says"),
    [
        (("1 star", "2 stars", "3 stars", "4 stars", "5 stars", "6 stars"), '"6 stars" is not in the label map; say'),
        (("1 star", "2 stars", "3 stars", "4 stars"), 'names "5 stars", which the model does not have (it has 1 star'),
    ],
)
def test_a_map_that_does_not_fit_the_model_names_the_label(theirs: tuple[str, ...], says: str) -> None:
    with pytest.raises(BadLabelMap, match=re.escape(says)):
        LabelMap.of(Head.SENTIMENT, STARS).check(theirs, exclusive=True)


def test_toxic_alone_suffices_only_where_labels_do_not_exclude_one_another() -> None:
    alone = LabelMap.of(Head.TOXICITY, {"insult": "toxic", "threat": "toxic"})
    alone.check(("insult", "threat"), exclusive=False)
    with pytest.raises(BadLabelMap, match='no label of the model means "clean"'):
        alone.check(("insult", "threat"), exclusive=True)
