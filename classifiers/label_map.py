"""From the labels of somebody else's classifier to ours. Pure: words and numbers in, words and numbers out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from classifiers.types import Intent, Sentiment, Toxicity


class Head(StrEnum):
    """A head that another model may answer instead of ours. Urgency is not among them: no public model knows it."""

    SENTIMENT = "sentiment"
    TOXICITY = "toxicity"
    INTENT = "intent"


OURS: Final[Mapping[Head, tuple[str, ...]]] = {
    Head.SENTIMENT: tuple(Sentiment),
    Head.TOXICITY: tuple(Toxicity),
    Head.INTENT: tuple(Intent),
}
LEFT_OUT: Final = "none"
"""What a label is mapped to that has no counterpart of ours; its probability is nobody's."""
_SHOWN: Final = 12


class BadLabelMap(ValueError):
    """A label map cannot be used; the message names the label and the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelMap:
    """For each label of a model the label of ours that it means; several may mean the same. Build it with `of`."""

    head: Head
    labels: Mapping[str, str]

    @classmethod
    def of(cls, head: Head, labels: Mapping[str, str]) -> "LabelMap":
        """A map whose right side is ours; raises BadLabelMap for a word that is not, or a map that decides nothing."""
        allowed = (*OURS[head], LEFT_OUT)
        for theirs, ours in labels.items():
            if ours not in allowed:
                raise BadLabelMap(f'"{theirs}" cannot mean "{ours}"; {head} has the labels {", ".join(allowed)}')
        meant = set(labels.values()) - {LEFT_OUT}
        if not (len(meant) > 1 or meant == {Toxicity.TOXIC}):
            raise BadLabelMap(f"it must lead to at least two labels of {head}, which has {', '.join(OURS[head])}")
        return cls(head=head, labels=dict(labels))

    def check(self, theirs: Sequence[str], *, exclusive: bool) -> None:
        """Raise BadLabelMap unless the map fits a model with these labels, which exclude one another or do not."""
        for label in theirs:
            if label not in self.labels:
                raise BadLabelMap(
                    f'the model\'s label "{label}" is not in the label map; say which of {", ".join(OURS[self.head])}'
                    f' it means, or "{LEFT_OUT}"'
                )
        for label in self.labels:
            if label not in theirs:
                known = ", ".join(theirs[:_SHOWN]) + (" …" if len(theirs) > _SHOWN else "")
                raise BadLabelMap(f'the label map names "{label}", which the model does not have (it has {known})')
        if exclusive and set(self.labels.values()) - {LEFT_OUT} == {Toxicity.TOXIC}:
            raise BadLabelMap(f'no label of the model means "{Toxicity.CLEAN}"; say which one does')

    def read(self, theirs: Sequence[str], scores: Sequence[float], *, exclusive: bool) -> dict[str, float]:
        """The probability of each label of ours, in our order, from those (0…1) of the model's labels, in its order.

        Of labels that exclude one another the probabilities add up; of others the strongest counts. Where such a
        model has no label for "clean", that is what is left beside "toxic".
        """
        found = dict.fromkeys(OURS[self.head], 0.0)
        for label, score in zip(theirs, scores, strict=True):
            ours = self.labels[label]
            if ours != LEFT_OUT:
                found[ours] = found[ours] + score if exclusive else max(found[ours], score)
        if self.head is Head.TOXICITY and Toxicity.CLEAN not in self.labels.values():
            found[Toxicity.CLEAN] = 1.0 - found[Toxicity.TOXIC]
        return {label: min(1.0, score) for label, score in found.items()}
