"""Filters such as `upper=red bag=yes`, and what an answer makes of them."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.errors import UsageError
from reid.attributes.model import Answer, AttributeModel
from reid.attributes.questions import ANYTHING, NOTHING


@dataclass(frozen=True)
class Filter:
    """text: as the user wrote it. question: by name. accepted: the answers that fit."""

    text: str
    question: str
    accepted: tuple[str, ...]

    def probability(self, answers: Mapping[str, Answer]) -> float:
        """That it fits."""
        found = answers[self.question].probabilities
        return sum(found[name] for name in self.accepted)

    def verdict(self, answers: Mapping[str, Answer]) -> bool | None:
        """True: it fits; False: it does not; None: not seen, or neither is likely enough."""
        answer, probability = answers[self.question], self.probability(answers)
        if not answer.seen or 1 - answer.least < probability < answer.least:
            return None
        return probability >= answer.least


def parse_filters(texts: Sequence[str], model: AttributeModel) -> tuple[Filter, ...]:
    """Of `texts`, each one or several of `name=value`. Raises UsageError for a name or value that there is not."""
    return tuple(_parsed(one, model) for text in texts for one in text.split())


def known(model: AttributeModel) -> dict[str, dict[str, tuple[str, tuple[str, ...]]]]:
    """Name to value to the question that it is about and the answers that fit it.

    A name is a question's word (`upper=red`, `upper=coat`) or its own name (`upper_colour=red`).
    """
    found: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {}
    for one in model.classifiers:
        values: dict[str, tuple[str, ...]] = {answer: (answer,) for answer in one.answers}
        if NOTHING in values:
            values[ANYTHING] = tuple(answer for answer in one.answers if answer != NOTHING)
        for name in (one.question.word, one.question.name):
            for value, accepted in values.items():
                found.setdefault(name, {}).setdefault(value, (one.question.name, accepted))
    return found


def _parsed(text: str, model: AttributeModel) -> Filter:
    name, equals, value = text.partition("=")
    names = known(model)
    if not equals or not value:
        raise UsageError(f"--where {text}: expected name=value, such as upper=red; names are {', '.join(names)}")
    if name not in names:
        raise UsageError(f"--where {text}: nothing is known about {name!r}{_near(name, list(names))}")
    if value not in names[name]:
        raise UsageError(f"--where {text}: {name} is never {value!r}{_near(value, list(names[name]))}")
    question, accepted = names[name][value]
    return Filter(text, question, accepted)


def _near(word: str, words: list[str]) -> str:
    close = difflib.get_close_matches(word, words, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{hint} Known: {', '.join(words)}" if hint else f". Known: {', '.join(words)}"
