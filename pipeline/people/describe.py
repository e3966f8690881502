"""What somebody wears, from one or several pictures."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pipeline.people.finder import embed_people
from pipeline.people.tools import Tools
from reid.attributes.model import Answer


def describe(tools: Tools, pictures: Sequence[Path]) -> dict[str, Answer]:
    """An answer to every question, by its name; several pictures are one person seen several times.

    Raises InputError (unreadable, nobody), WeightsError (no attributes for this network).
    """
    model = tools.attributes
    (found,) = model.answers([embed_people(tools.embedder, [tools.person(path) for path in pictures])])
    return found


def lines(found: Mapping[str, Answer]) -> list[str]:
    """For people to read: the answer and its probability, or 'unknown' and what is likeliest."""
    width = max(len(name) for name in found)
    return [f"{name.replace('_', ' '):{width}}  {_words(answer)}" for name, answer in found.items()]


def to_json(found: Mapping[str, Answer]) -> str:
    """One object: by question the answer (null: unknown), and the probability of every answer there is."""
    values = {}
    for name, answer in found.items():
        shares = {one: round(value, 4) for one, value in answer.probabilities.items()}
        values[name] = answer.to_dict() | {"probabilities": shares}
    return json.dumps(values)


def _words(answer: Answer) -> str:
    if not answer.seen:
        return "unknown (not to be seen)"
    likely = f"{answer.likeliest.replace('_', ' ')} {answer.probabilities[answer.likeliest]:.2f}"
    return likely if answer.said else f"unknown ({likely})"
