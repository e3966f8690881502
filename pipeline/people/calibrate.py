"""Make calibration.json: rendered people nobody trained on, seen as a user's pictures are seen."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.errors import InputError
from core.types import Descriptors
from pipeline.people.rendered import embedded_near_and_far, rendered_people
from pipeline.people.tools import Tools
from reid.calibration import Calibration, calibration_error, fit
from reid.clustering import best_limit
from reid.data.shards import ShardSet
from reid.distance import appearance_distance

Say = Callable[[str], None]


def calibrate(tools: Tools, folder: Path, seed: int, say: Say) -> Calibration:
    """Fit on the pairs of `folder`, measure on people that were left out of a first fit, write beside the weights.

    Keypoints are the bundled detector's. Every crop counts as it is and once made small, so that there is little
    evidence too; pairs are of two cameras. Raises InputError (too few people), OSError.
    """
    crops = ShardSet(folder)
    found, small = embedded_near_and_far(tools, rendered_people(tools, crops), seed)
    both = Descriptors.concatenate([found, small])
    identity, camera = np.tile(crops.identity, 2), np.tile(crops.camera, 2)
    names = np.unique(crops.identity)
    if len(names) < 4:
        raise InputError(f"{folder}: expected people to fit on and people to measure on, got {len(names)} in all")
    half = np.isin(identity, names[::2])
    name = tools.embedder.identifier
    trial = fit(*_pairs(both[half], identity[half], camera[half]), name)
    distance, evidence, same = _pairs(both[~half], identity[~half], camera[~half])
    probability = trial.probability(distance, evidence)
    error, diagram = calibration_error(probability, same)
    unknown = float(np.isnan(probability).mean())
    fitted = fit(*_pairs(both, identity, camera), name)
    limit = best_limit(appearance_distance(found, found)[0], crops.identity)
    about = {"people": len(names), "crops": len(crops), "set": folder.name, "seed": seed}
    scores = about | {"expected_calibration_error": round(error, 4), "unknown": round(unknown, 4), "diagram": diagram}
    result = dataclasses.replace(fitted, cluster_distance=limit, scores=scores)
    path = result.write(tools.weights)
    say(f"{path}: expected calibration error {error:.3f} on the half of the people that was not fitted on")
    say(f"unknown: {100 * unknown:.1f} % of pairs, below evidence {result.least_evidence:.3f}; cluster at {limit:.3f}")
    return result


def _pairs(found: Descriptors, identity: np.ndarray, camera: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distance, evidence and whether it is one person, of all pairs of crops by two cameras."""
    distance, evidence = appearance_distance(found, found)
    chosen = np.triu(camera[:, None] != camera[None], 1)
    return distance[chosen], evidence[chosen], (identity[:, None] == identity[None])[chosen]
