"""Draw people on a picture: trail, skeleton, box, label, in sizes that follow the picture's height."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.keypoints import BONES
from pipeline.export import labels
from pipeline.export.canvas import SUBPIXEL_BITS, Canvas
from pipeline.export.labels import Place
from pipeline.export.palette import BLACK, Bgr, colour_bgr
from pipeline.video.picture import Picture, Planes

_TRAIL_STRENGTH = 0.85  # opacity of its newest end


@dataclass(frozen=True, eq=False)
class Person:
    """One person in one picture.

    box_xyxy (4,) px; filled: the box was filled in, not detected; trail_px (P, 2): foot points, oldest first;
    trail_age (P,): 1 where about to vanish, 0 now; keypoints_xyc (17, 3) or None.
    """

    identity: int
    box_xyxy: np.ndarray
    filled: bool
    trail_px: np.ndarray
    trail_age: np.ndarray
    keypoints_xyc: np.ndarray | None = None


class Painter:
    """Draws on pictures of one size. Keeps the labels it has painted."""

    def __init__(self, width: int, height: int, *, joint_confidence: float = 0.5) -> None:
        """width, height: px of the pictures, even; joint_confidence: how sure a joint must be to be drawn."""
        self._picture = (width, height)
        self._line_px = max(2, round(height / 360))
        self._text_px = max(9, round(height / 54))
        self._joint_confidence = joint_confidence
        self._labels: dict[int, Planes] = {}

    def draw(self, picture: Picture, people: Sequence[Person]) -> None:
        """Draw `people` on `picture`, in place: trails below, labels on top, near boxes over far."""
        canvas = Canvas(picture)
        near_last = sorted(people, key=lambda person: (float(person.box_xyxy[3]), person.identity))
        for person in near_last:
            self._trail(canvas, person)
        for person in near_last:
            if person.keypoints_xyc is not None:
                self._skeleton(canvas, person.keypoints_xyc, colour_bgr(person.identity))
        for person in near_last:
            self._box(canvas, person)
        taken: list[Place] = []
        for person in sorted(people, key=lambda person: person.identity):  # by id: labels do not swap places
            taken.append(self._label(canvas, person, taken))

    def _trail(self, canvas: Canvas, person: Person) -> None:
        """Blend the trail into the part of the picture that it covers."""
        if len(person.trail_px) < 2:
            return
        pad, (width, height) = 2 * self._line_px, self._picture
        x, y, span_x, span_y = cv2.boundingRect(person.trail_px.astype(np.int32))
        left, top = (max(start - pad, 0) // 2 * 2 for start in (x, y))
        right, bottom = min(x + span_x + pad + 1, width) // 2 * 2, min(y + span_y + pad + 1, height) // 2 * 2
        if left >= right or top >= bottom:
            return
        opacity = np.zeros((bottom - top, right - left), np.uint8)
        points = _fixed_point(person.trail_px - (left, top)).tolist()
        strengths = (255 * _TRAIL_STRENGTH * (1 - person.trail_age)).tolist()
        for start, end, strength in zip(points, points[1:], strengths, strict=False):  # old first: new lies above
            cv2.line(opacity, start, end, strength, self._line_px, cv2.LINE_AA, SUBPIXEL_BITS)
        canvas.blend(left, top, opacity, colour_bgr(person.identity))

    def _skeleton(self, canvas: Canvas, keypoints_xyc: np.ndarray, colour: Bgr) -> None:
        seen = keypoints_xyc[:, 2] >= self._joint_confidence
        points = _fixed_point(keypoints_xyc[:, :2])
        bones = [points[[start, end]] for start, end in BONES if seen[start] and seen[end]]
        canvas.lines(bones, colour, self._line_px, smooth=True)
        for point in points[seen].tolist():
            canvas.dot(point, self._line_px << SUBPIXEL_BITS, colour)

    def _box(self, canvas: Canvas, person: Person) -> None:
        """A detected box is a solid line with a dark rim; a filled one is dashed, and thinner in large pictures."""
        box, colour, line_px = self._visible(person), colour_bgr(person.identity), self._line_px
        first, last = (box.left, box.top), (max(box.right - 1, box.left), max(box.bottom - 1, box.top))
        if person.filled:
            thin, dashes = max(2, line_px // 2), _dashes(first, last, 5 * line_px)
            canvas.lines(dashes, BLACK, thin + 2, smooth=False)
            canvas.lines(dashes, colour, thin, smooth=False)
            return
        canvas.rectangle(first, last, BLACK, line_px + 2)
        canvas.rectangle(first, last, colour, line_px)

    def _label(self, canvas: Canvas, person: Person, taken: Sequence[Place]) -> Place:
        sprite = self._labels.get(person.identity)
        if sprite is None:
            text = labels.paint(f"ID {person.identity}", self._text_px, colour_bgr(person.identity))
            sprite = self._labels[person.identity] = canvas.encoding.planes(text)
        size = (sprite[0].shape[1], sprite[0].shape[0])
        spot = labels.place(self._visible(person), size, self._picture, taken)
        canvas.paste(spot.left // 2 * 2, spot.top // 2 * 2, sprite)
        return spot

    def _visible(self, person: Person) -> Place:
        """The box's part inside the picture, in whole pixels."""
        width, height = self._picture
        left, top, right, bottom = np.round(person.box_xyxy).astype(int).tolist()
        return Place(
            min(max(left, 0), width), min(max(top, 0), height), min(max(right, 0), width), min(max(bottom, 0), height)
        )


def _fixed_point(points_px: np.ndarray) -> np.ndarray:
    """Points (P, 2) as OpenCV's integers with `SUBPIXEL_BITS` binary places."""
    return np.round(points_px * (1 << SUBPIXEL_BITS)).astype(np.int32)


def _dashes(first: tuple[int, int], last: tuple[int, int], dash_px: int) -> list[np.ndarray]:
    """The dashes of a rectangle's four sides, each its two end points (2, 2) int32."""
    (left, top), (right, bottom) = first, last
    dashes = []
    for start in range(left, right + 1, 2 * dash_px):
        end = min(start + dash_px, right)
        dashes += [((start, top), (end, top)), ((start, bottom), (end, bottom))]
    for start in range(top, bottom + 1, 2 * dash_px):
        end = min(start + dash_px, bottom)
        dashes += [((left, start), (left, end)), ((right, start), (right, end))]
    return list(np.array(dashes, np.int32))
