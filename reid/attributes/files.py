"""The attribute model on disk: numbers as safetensors, and beside them JSON with their checksum and what they mean.

Neither is in weights.json: a network stays the same network with or without attributes.
"""

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from core.errors import WeightsError
from core.weights import sha256_of
from core.whole import whole_files
from reid.attributes.logistic import Linear
from reid.attributes.model import AttributeModel, Classifier
from reid.attributes.questions import Question
from reid.beside import read_beside

FILE, TENSORS, TASK, FORMAT = "attributes.json", "attributes.safetensors", "person-attributes", 1
_REMEDY = "`python -m reid attributes SHARDS` makes one"


def write_model(model: AttributeModel, folder: Path) -> Path:
    """Write `folder`/attributes.safetensors and attributes.json; gives the path of the second. Raises OutputError."""
    tensors: dict[str, np.ndarray] = {}
    for one in model.classifiers:
        arrays = {"weight": one.linear.weight, "bias": one.linear.bias, "prior": one.prior}
        tensors |= {f"{one.question.name}.{name}": array.astype(np.float32) for name, array in arrays.items()}
    questions = [
        dataclasses.asdict(one.question)
        | {"answers": one.answers, "temperature": one.temperature, "correlation": one.correlation}
        for one in model.classifiers
    ]
    with whole_files(folder, last=FILE) as temporary:
        save_file(tensors, temporary / TENSORS)
        (temporary / TENSORS).chmod(0o644)  # the library writes for the owner alone
        values = {
            "format": FORMAT, "task": TASK, "network": model.network,
            "files": {TENSORS: sha256_of(temporary / TENSORS)}, "blocks": model.blocks,
            "least_probability": model.least_probability, "least_visibility": model.least_visibility,
            "questions": questions, "scores": model.scores,
        }  # fmt: skip
        (temporary / FILE).write_text(json.dumps(values, indent=2) + "\n", encoding="utf-8")
    return folder / FILE


def has_model(folder: Path) -> bool:
    """Whether attributes were fitted for the network in `folder`."""
    return (folder / FILE).exists()


def read_model(folder: Path, network: str) -> AttributeModel:
    """Of `folder`, for the network of that identifier. Raises WeightsError: missing, broken, another network's."""
    path = folder / FILE
    values = read_beside(path, TASK, FORMAT, network, "attributes", _REMEDY)
    try:
        tensors = _tensors(folder / TENSORS, values["files"][TENSORS])
        return AttributeModel(
            network, tuple(values["blocks"]), float(values["least_probability"]), float(values["least_visibility"]),
            tuple(_classifier(one, tensors) for one in values["questions"]), values["scores"],
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        if isinstance(error, WeightsError):
            raise
        raise WeightsError(f"{path}: not attributes of ours: {error!r}; {_REMEDY}") from error


def _tensors(path: Path, expected: str) -> dict[str, np.ndarray]:
    try:
        if (got := sha256_of(path)) != expected:
            raise WeightsError(f"{path}: sha256 expected {expected}, got {got}; fetch it again, or {_REMEDY}")
        tensors: dict[str, np.ndarray] = load_file(path)
        return tensors
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path}: cannot be read as safetensors: {error}; fetch it again, or {_REMEDY}") from error


def _classifier(values: dict[str, Any], tensors: dict[str, np.ndarray]) -> Classifier:
    names = [one.name for one in dataclasses.fields(Question)]
    question = Question(**{name: values[name] for name in names} | {"parts": tuple(values["parts"])})
    weight, bias, prior = (tensors[f"{question.name}.{name}"] for name in ("weight", "bias", "prior"))
    answers = tuple(values["answers"])
    if weight.ndim != 2 or {weight.shape[1:], bias.shape, prior.shape} != {(len(answers),)}:
        raise ValueError(f"{question.name}: expected numbers for {len(answers)} answers, got {weight.shape}")
    return Classifier(
        question, answers, Linear(weight, bias), float(values["temperature"]), prior, float(values["correlation"])
    )
