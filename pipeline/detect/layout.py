"""What a network takes and what it gives, read from the network itself.

Every engine asks here, so that the same file is read alike, or refused alike, on every device.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from core.errors import SettingError, WeightsError
from core.keypoints import COUNT
from core.letterbox import Letterbox
from pipeline.detect.config import DetectConfig

KEYPOINT_VALUES = COUNT * 3
PERSON_NAMES = {"person", "people", "pedestrian"}
NAMELESS = {5: 1, 5 + KEYPOINT_VALUES: 1, 84: 80}  # rows to classes without names: a box, a pose, the classes of COCO


@dataclass(frozen=True)
class InputLayout:
    """What a network takes.

    size: (height, width) px where it was exported for one size, None where it takes any. batch: pictures at once, None
    for as many as wanted. half: float16 instead of float32.
    """

    size: tuple[int, int] | None = None
    batch: int | None = None
    half: bool = False

    def check(self, path: Path, config: DetectConfig) -> None:
        """SettingError where the network at `path` takes one size and `config` asks for another."""
        if self.size is None or config.image_size == DetectConfig.image_size:
            return
        side = config.image_size
        if Letterbox.rectangular(side, side, side).input_width != max(self.size):
            height, width = self.size
            raise SettingError(
                f"detect.image_size: the network {path} was exported for {width}×{height} px, got {config.image_size}. "
                "Leave the setting out, or export the network again for that size, or for any (dynamic=True)."
            )

    def letterbox(self, width: int, height: int, config: DetectConfig) -> Letterbox:
        """How a frame of width × height px is brought into the input."""
        if self.size is not None:
            return Letterbox(width, height, self.size[1], self.size[0])
        return Letterbox.rectangular(width, height, config.image_size, config.enlarge)


@dataclass(frozen=True)
class OutputLayout:
    """How to read a network's output: which class is a person, how many classes there are, whether it has keypoints."""

    classes: int
    person_class: int
    keypoints: bool
    end_to_end: bool


def read_output_layout(path: Path, shape: Sequence[int | None], names: dict[int, str]) -> OutputLayout:
    """How to read an output of `shape`, batch first; None: a length that depends on the picture.

    names: the class names, {} where the weights do not tell them; then only shapes that leave no doubt are taken.
    Raises WeightsError where it is no YOLO detector with a person class.
    """
    told = f"an output of shape {shape_text(shape)}"
    if len(shape) != 3:
        raise WeightsError(wrong_task(path, told))
    rows, columns = (length or 0 for length in shape[1:])
    person = next((number for number, name in names.items() if name.lower() in PERSON_NAMES), None)
    if person is None and names:
        raise WeightsError(
            wrong_task(path, f"the classes {', '.join(list(names.values())[:8])}, no 'person' among them")
        )
    if columns in (6, 6 + KEYPOINT_VALUES):
        return OutputLayout(len(names) or 1, person or 0, columns > 6, end_to_end=True)
    classes = len(names) or NAMELESS.get(rows, 0)
    extra = rows - 4 - classes
    transposed = not names and 0 < columns < rows
    if not classes or transposed or extra not in (0, KEYPOINT_VALUES):
        raise WeightsError(wrong_task(path, f"{told} for {len(names) or 'unnamed'} classes"))
    return OutputLayout(classes, person or 0, extra > 0, end_to_end=False)


def shape_text(shape: Sequence[int | None]) -> str:
    """For messages; ? where a length depends on the picture."""
    return f"({', '.join('?' if length is None else str(length) for length in shape)})"


def wrong_task(path: Path, got: str) -> str:
    """What to say of weights that find no people."""
    return (
        f"{path}: not a detector of people. Expected a YOLO detect or pose network (boxes, with or without 17 COCO "
        f"keypoints), got {got}. Name another file, or use --detector bundled."
    )
