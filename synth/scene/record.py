"""The truth of a scene as files: cameras.toml, truth.json and MOTChallenge text."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from synth.scene.film import Observation, Shot
from synth.scene.rigs import Rig
from synth.scene.truth import Seen
from synth.scene.world import SceneConfig, World

_PX = 2  # decimals of pixels
_M = 4  # decimals of metres


def cameras_toml(rigs: Iterable[Rig]) -> str:
    """What the pipeline is told about the cameras: names, clocks and exact calibration."""
    lines = ["# Written by `python -m synth scene`: exact, not estimated."]
    for rig in rigs:
        calibration = calibration_of(rig)
        lines += [
            "",
            f"[cameras.{rig.id}]",
            f'name = "{rig.name}"',
            f"offset_s = {rig.offset_s}",
            f"[cameras.{rig.id}.calibration]",
            *(f"{key} = {value}" for key, value in calibration.items()),
        ]
    return "\n".join(lines) + "\n"


def calibration_of(rig: Rig) -> dict[str, list[Any]]:
    """matrix px, distortion, rotation and translation of the world into the camera, as nested lists."""
    camera = rig.camera
    return {
        "matrix": np.round(camera.matrix, 6).tolist(),
        "distortion": [round(k, 9) for k in camera.distortion],
        "rotation": np.round(camera.rotation, 12).tolist(),
        "translation_m": np.round(camera.translation_m, 9).tolist(),
    }


def mot_lines(shot: Shot, camera_size: tuple[int, int], least_visibility: float) -> list[str]:
    """MOTChallenge rows of one picture: frame from 1, id, left, top, width, height, conf, 1, visibility.

    The whole body's box, what is hidden included, cut at the picture's border, since nothing is ever detected beyond
    it. People of less than `least_visibility` have conf 0, by which MOTChallenge says that they need not be found: a
    box on the head that looks out from behind a board is right all the same.
    """
    rows = []
    for seen in shot.observations:
        truth = seen.truth
        x0, y0, x1, y1 = np.clip(truth.full_xyxy, 0, [*camera_size, *camera_size])
        if x1 <= x0 or y1 <= y0:
            continue
        box = ",".join(f"{value:.{_PX}f}" for value in (x0, y0, x1 - x0, y1 - y0))
        asked = int(truth.visibility >= least_visibility)
        rows.append(f"{shot.index + 1},{truth.number},{box},{asked},1,{truth.visibility:.3f}")
    return rows


def frame_record(shot: Shot) -> dict[str, Any]:
    """One picture of truth.json."""
    return {
        "frame": shot.index,
        "time_s": round(shot.time_s, 6),
        "people": [_person_record(seen) for seen in shot.observations],
    }


def _person_record(seen: Observation) -> dict[str, Any]:
    truth = seen.truth
    visible = None if np.isnan(truth.visible_xyxy).any() else truth.visible_xyxy.round(_PX).tolist()
    joints = [
        [round(float(x), _PX), round(float(y), _PX), int(state == Seen.VISIBLE)] if np.isfinite(x) else [0.0, 0.0, 0]
        for (x, y), state in zip(truth.joints_px, truth.joints_seen, strict=True)
    ]
    return {
        "id": truth.number,
        "full_xyxy": truth.full_xyxy.round(_PX).tolist(),
        "visible_xyxy": visible,
        "visibility": round(truth.visibility, 4),
        "keypoints": joints,
        "ground_m": [round(float(v), _M) for v in seen.stance.position_m],
        "action": seen.stance.action,
    }


def write_truth(folder: Path, config: SceneConfig, world: World, frames: Mapping[str, list[dict[str, Any]]]) -> None:
    """truth.json: who the people are, what the cameras are, and everybody in every picture of each."""
    people = {
        str(number): {
            "height_m": round(float(person.height_m), 3),
            "attributes": person.attributes,
            "uniform": number <= config.uniforms,
        }
        for number, person in enumerate(world.people, start=1)
    }
    cameras = {
        rig.id: {
            "name": rig.name,
            "width": rig.camera.width,
            "height": rig.camera.height,
            "fps": rig.fps,
            "offset_s": rig.offset_s,
            "calibration": calibration_of(rig),
            "frames": frames[rig.id],
        }
        for rig in world.rigs
    }
    document = {
        "format": "throughline-truth",
        "version": 1,
        "seed": config.seed,
        "seconds": config.seconds,
        "people": people,
        "cameras": cameras,
    }
    (folder / "truth.json").write_bytes(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY) + b"\n")
