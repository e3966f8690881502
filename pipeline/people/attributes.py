"""Make attributes.json and attributes.safetensors: what rendered people wear, seen as a user's pictures are seen."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.types import Descriptors
from pipeline.people.rendered import embedded_near_and_far, rendered_people
from pipeline.people.tools import Tools
from reid.attributes.config import AttributesConfig
from reid.attributes.files import write_model
from reid.attributes.fitting import Labelled, fit_model, split
from reid.attributes.model import AttributeModel
from reid.attributes.scores import measured, table
from reid.data.shards import ShardSet

Say = Callable[[str], None]


def fit_attributes(tools: Tools, folder: Path, seed: int, say: Say) -> AttributeModel:
    """Measure on people of `folder` that were left out of a first fit, fit on all, write beside the weights.

    Keypoints are the bundled detector's. Every crop counts as it is and once made small. Raises InputError (too few
    people, a set without labels), OSError.
    """
    config = AttributesConfig()
    crops = ShardSet(folder)
    labelled = _seen(tools, crops, seed)
    held_out = split(labelled.identity, config.testing_share)
    trial = fit_model(labelled.of(~held_out), tools.embedder.identifier, config)
    scores = measured(trial, labelled.of(held_out))
    fitted = fit_model(labelled, tools.embedder.identifier, config)
    about = {"people": len(np.unique(crops.identity)), "crops": len(crops), "set": folder.name, "seed": seed}
    model = dataclasses.replace(fitted, scores=about | scores)
    for line in table(scores):
        say(line)
    say(f"written to {write_model(model, tools.weights)}")
    return model


def _seen(tools: Tools, crops: ShardSet, seed: int) -> Labelled:
    """Every crop near and far, with its labels; a tracklet is one person near, or far, in one camera."""
    worn = crops.attributes  # a set without them says so before anything is looked at
    near, far = embedded_near_and_far(tools, rendered_people(tools, crops), seed)
    rows = np.stack([np.repeat([0, 1], len(crops)), np.tile(crops.identity, 2), np.tile(crops.camera, 2)], axis=1)
    tracklet = np.unique(rows, axis=0, return_inverse=True)[1].reshape(-1)
    worn = dataclasses.replace(worn, rows=np.tile(worn.rows, (2, 1)))
    return Labelled(Descriptors.concatenate([near, far]), rows[:, 1], tracklet, worn)
