"""Draw people on a picture: trail, skeleton, box, label, in sizes that follow the picture's height."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from core.keypoints import BONES
from pipeline.export import labels
from pipeline.export.labels import Place
from pipeline.export.palette import BLACK, Bgr, colour_bgr

_TRAIL_STRENGTH = 0.85  # opacity of its newest end
_SUBPIXEL_BITS = 3


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
        """width, height: px of the pictures; joint_confidence: how sure a joint must be to be drawn."""
        self._picture = (width, height)
        self._line_px = max(2, round(height / 360))
        self._text_px = max(9, round(height / 54))
        self._joint_confidence = joint_confidence
        self._labels: dict[int, np.ndarray] = {}

    def draw(self, image_bgr: np.ndarray, people: Sequence[Person]) -> None:
        """Draw `people` on `image_bgr` (H, W, 3) uint8, in place: trails below, labels on top, near boxes over far."""
        near_last = sorted(people, key=lambda person: (float(person.box_xyxy[3]), person.identity))
        for person in near_last:
            self._trail(image_bgr, person)
        for person in near_last:
            if person.keypoints_xyc is not None:
                self._skeleton(image_bgr, person.keypoints_xyc, colour_bgr(person.identity))
        for person in near_last:
            self._box(image_bgr, person)
        taken: list[Place] = []
        for person in sorted(people, key=lambda person: person.identity):  # by id: labels do not swap places
            taken.append(self._label(image_bgr, person, taken))

    def _trail(self, image_bgr: np.ndarray, person: Person) -> None:
        """Blend the trail into the part of the picture that it covers."""
        if len(person.trail_px) < 2:
            return
        pad, (width, height) = 2 * self._line_px, self._picture
        x, y, span_x, span_y = cv2.boundingRect(person.trail_px.astype(np.int32))
        left, top, right, bottom = (
            max(x - pad, 0),
            max(y - pad, 0),
            min(x + span_x + pad, width),
            min(y + span_y + pad, height),
        )
        if left >= right or top >= bottom:
            return
        opacity = np.zeros((bottom - top, right - left), np.uint8)
        points = _fixed_point(person.trail_px - (left, top)).tolist()
        strengths = (255 * _TRAIL_STRENGTH * (1 - person.trail_age)).tolist()
        for start, end, strength in zip(points, points[1:], strengths, strict=False):  # old first: new lies above
            cv2.line(opacity, start, end, strength, self._line_px, cv2.LINE_AA, _SUBPIXEL_BITS)
        _blend(image_bgr[top:bottom, left:right], opacity, colour_bgr(person.identity))

    def _skeleton(self, image_bgr: np.ndarray, keypoints_xyc: np.ndarray, colour: Bgr) -> None:
        seen = keypoints_xyc[:, 2] >= self._joint_confidence
        points = _fixed_point(keypoints_xyc[:, :2])
        bones = [points[[start, end]] for start, end in BONES if seen[start] and seen[end]]
        cv2.polylines(image_bgr, bones, False, colour, self._line_px, cv2.LINE_AA, _SUBPIXEL_BITS)
        for point in points[seen].tolist():
            radius = self._line_px << _SUBPIXEL_BITS
            cv2.circle(image_bgr, point, radius, colour, cv2.FILLED, cv2.LINE_AA, _SUBPIXEL_BITS)

    def _box(self, image_bgr: np.ndarray, person: Person) -> None:
        """A detected box is a solid line with a dark rim; a filled one is dashed, and thinner in large pictures."""
        box, colour, line_px = self._visible(person), colour_bgr(person.identity), self._line_px
        first, last = (box.left, box.top), (max(box.right - 1, box.left), max(box.bottom - 1, box.top))
        if person.filled:
            thin, dashes = max(2, line_px // 2), _dashes(first, last, 5 * line_px)
            cv2.polylines(image_bgr, dashes, False, BLACK, thin + 2)
            cv2.polylines(image_bgr, dashes, False, colour, thin)
            return
        cv2.rectangle(image_bgr, first, last, BLACK, line_px + 2)
        cv2.rectangle(image_bgr, first, last, colour, line_px)

    def _label(self, image_bgr: np.ndarray, person: Person, taken: Sequence[Place]) -> Place:
        sprite = self._labels.get(person.identity)
        if sprite is None:
            sprite = labels.paint(f"ID {person.identity}", self._text_px, colour_bgr(person.identity))
            self._labels[person.identity] = sprite
        size = (sprite.shape[1], sprite.shape[0])
        spot = labels.place(self._visible(person), size, self._picture, taken)
        image_bgr[spot.top : spot.bottom, spot.left : spot.right] = sprite[
            : spot.bottom - spot.top, : spot.right - spot.left
        ]
        return spot

    def _visible(self, person: Person) -> Place:
        """The box's part inside the picture, in whole pixels."""
        width, height = self._picture
        left, top, right, bottom = np.round(person.box_xyxy).astype(int).tolist()
        return Place(
            min(max(left, 0), width), min(max(top, 0), height), min(max(right, 0), width), min(max(bottom, 0), height)
        )


def _fixed_point(points_px: np.ndarray) -> np.ndarray:
    """Points (P, 2) as OpenCV's integers with `_SUBPIXEL_BITS` binary places."""
    return np.round(points_px * (1 << _SUBPIXEL_BITS)).astype(np.int32)


def _blend(window_bgr: np.ndarray, opacity: np.ndarray, colour: Bgr) -> None:
    """Lay `colour` over `window_bgr` (H, W, 3) in place; opacity (H, W) uint8: 255 covers, 0 leaves as it is."""
    weight = cv2.merge([opacity, opacity, opacity])
    under = cv2.multiply(window_bgr, cv2.bitwise_not(weight), scale=1 / 255)
    over = cv2.multiply(weight, (*colour, 0), scale=1 / 255)  # type: ignore[call-overload]  # a scalar per channel
    window_bgr[:] = cv2.add(under, over)


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
