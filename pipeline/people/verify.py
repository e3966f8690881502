"""1:1: do two pictures show one person?"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

from pipeline.people.finder import embed_people
from pipeline.people.tools import Tools
from reid.distance import appearance_distance

SURE = 0.8  # probability from which, or from whose complement, the answer is a word and not 'unknown'


@dataclass(frozen=True)
class Answer:
    """probability: calibrated, with both answers equally likely beforehand; NaN where evidence is too little.

    evidence: in [0, 1]; least_evidence: what an answer needs. distance: fused.
    """

    probability: float
    evidence: float
    least_evidence: float
    distance: float

    @property
    def verdict(self) -> str:
        """`same`, `different` or `unknown`."""
        if math.isnan(self.probability) or 1 - SURE < self.probability < SURE:
            return "unknown"
        return "same" if self.probability >= SURE else "different"

    def __str__(self) -> str:
        found = f"distance {self.distance:.3f}, evidence {self.evidence:.2f}"
        if math.isnan(self.probability):
            return f"unknown: too little evidence ({found}; an answer needs {self.least_evidence:.2f})"
        words = {"same": "the same person", "different": "different people", "unknown": "unknown"}[self.verdict]
        return f"{words}: probability of one person {self.probability:.2f} ({found})"

    def to_json(self) -> str:
        """One object; the probability is null where it is unknown."""
        probability = None if math.isnan(self.probability) else round(self.probability, 4)
        values = {"verdict": self.verdict, "probability": probability}
        return json.dumps(values | {"evidence": round(self.evidence, 4), "distance": round(self.distance, 4)})


def verify(tools: Tools, first: Path, second: Path) -> Answer:
    """Compare the largest person of each picture. Raises InputError (unreadable, nobody), WeightsError."""
    calibration = tools.calibration
    found = embed_people(tools.embedder, [tools.person(first), tools.person(second)])
    distance, evidence = appearance_distance(found[:1], found[1:])
    probability = float(calibration.probability(distance, evidence)[0, 0])
    return Answer(probability, float(evidence[0, 0]), calibration.least_evidence, float(distance[0, 0]))
