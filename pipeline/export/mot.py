"""MOTChallenge text, one file per camera: `frame,identity,x,y,width,height,score,-1,-1,-1`, frames counted from 1.

Format: Dendorfer et al., MOT20, 2020 (https://arxiv.org/abs/2003.09003), section 3.3; the identity is the run's, the
same in every camera. x and y are 0-based pixels, as everywhere here. A tracklet without identity is left out.
"""

from pathlib import Path

import numpy as np

from core.types import Tracklet, TrackletKey
from core.whole import whole_file
from pipeline.export.rows import rounded
from pipeline.result import RunResult

SUFFIX = ".txt"


def write(folder: Path, result: RunResult) -> list[Path]:
    """Write `<folder>/<camera>.txt` for every camera, empty where nobody was seen; returns the files.

    Lines are sorted by frame, then identity. Raises OutputError.
    """
    identity_of = result.identity_of()
    paths = []
    for camera in result.cameras:
        path = Path(folder) / f"{camera.id}{SUFFIX}"
        with whole_file(path) as part:
            part.write_bytes("".join(_lines(result.of_camera(camera.id), identity_of)).encode("ascii"))
        paths.append(path)
    return paths


def _lines(tracklets: list[Tracklet], identity_of: dict[TrackletKey, int]) -> list[str]:
    keyed: list[tuple[int, int, str]] = []
    for tracklet in tracklets:
        identity = identity_of.get(tracklet.key)
        if identity is None:
            continue
        rows = rounded(tracklet)
        x1, y1, x2, y2 = rows.boxes_xyxy
        columns = (rows.frames + 1, x1, y1, np.round(x2 - x1, 1), np.round(y2 - y1, 1), rows.scores)
        keyed.extend(
            (frame, identity, f"{frame},{identity},{x},{y},{width},{height},{score},-1,-1,-1\n")
            for frame, x, y, width, height, score in zip(*(column.tolist() for column in columns), strict=True)
        )
    keyed.sort()
    return [line for _, _, line in keyed]
