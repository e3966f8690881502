"""How far apart strangers are, in this network's distances and these cameras' light.

Networks differ in how crowded their similarities are: at a cosine of 0.8 one network means the same person, another
has never seen anybody less alike. Tracklets of one camera that share a frame are certainly different people: their
distances tell what 'unrelated' measures here, without any truth.
"""

import numpy as np

UNRELATED = 1.0  # what the distance of strangers is meant to be
LEAST_SCALE = 0.05  # all strangers alike to the last digit: no descriptor worth the name, or ten thousand copies


def strangers_distance(distance: np.ndarray, evidence: np.ndarray, prior_pairs: float) -> float:
    """The median distance (P,) of pairs known to be strangers; `prior_pairs` imagined ones are at UNRELATED.

    Pairs without evidence (P,) have no say. Without strangers: UNRELATED.
    """
    found = distance[evidence > 0]
    if not len(found):
        return UNRELATED
    share = len(found) / (len(found) + prior_pairs)
    return max(LEAST_SCALE, share * float(np.median(found)) + (1 - share) * UNRELATED)
