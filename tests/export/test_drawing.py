import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.export import labels
from pipeline.export.drawing import Painter, Person
from pipeline.export.labels import Place
from pipeline.export.palette import BLACK, WHITE, colour_bgr, ink_bgr
from pipeline.video.picture import Picture


def person(identity: int, box: tuple[float, ...], *, filled: bool = False, trail: int = 0, **more: object) -> Person:
    box_xyxy = np.array(box, np.float32)
    foot = np.array([(box_xyxy[0] + box_xyxy[2]) / 2, box_xyxy[3]])
    steps = np.arange(trail)[::-1, None]
    return Person(identity, box_xyxy, filled, foot - steps * [9, -2], np.linspace(1, 0, trail), **more)  # type: ignore[arg-type]


def drawn(people: list[Person], width: int = 640, height: int = 360) -> np.ndarray:
    picture = Picture.from_bgr(np.full((height, width, 3), 127, np.uint8))
    Painter(*picture.size).draw(picture, people)
    return cv2.cvtColor(picture.i420, cv2.COLOR_YUV2BGR_I420)


GREY = tuple(drawn([])[0, 0].tolist())


def near(pixels: np.ndarray, colour: tuple[int, ...], most: int = 4) -> np.ndarray:
    """Which pixels (..., 3) have `colour`, as exactly as 8 bits of Y, U and V can tell."""
    return (np.abs(pixels.astype(int) - colour) <= most).all(axis=-1)


def test_a_colour_belongs_to_an_identity_and_differs_from_its_neighbours() -> None:
    colours = np.array([colour_bgr(identity) for identity in range(1, 31)], float)
    assert len(np.unique(colours, axis=0)) == 30
    for apart in range(1, 9):
        assert np.linalg.norm(colours[apart:] - colours[:-apart], axis=1).min() > 30, apart
    assert np.linalg.norm(colours[1:] - colours[:-1], axis=1).min() > 100


@given(st.integers(1, 10**6))
def test_a_label_can_be_read_on_any_colour(identity: int) -> None:
    """WCAG 2.1 asks 4.5 of small text; relative luminance by the standard's own formula."""

    def luminance(bgr: tuple[int, int, int]) -> float:
        linear = [v / 255 / 12.92 if v / 255 <= 0.03928 else ((v / 255 + 0.055) / 1.055) ** 2.4 for v in bgr]
        return 0.0722 * linear[0] + 0.7152 * linear[1] + 0.2126 * linear[2]

    paper = colour_bgr(identity)
    assert ink_bgr(paper) in (BLACK, WHITE)
    dark, light = sorted((luminance(paper), luminance(ink_bgr(paper))))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_box_and_label_have_the_identitys_colour_and_the_box_is_where_it_is() -> None:
    image = drawn([person(3, (200, 100, 300, 300))])
    assert near(image[300 - 1, 230], colour_bgr(3))
    assert near(image[200, 200], colour_bgr(3))
    assert near(image[95, 202], colour_bgr(3))  # the label's paper, above the box
    assert near(image[200, 250], GREY)
    assert near(image[200, 350], GREY)


def test_a_filled_box_is_drawn_with_less_ink_and_gaps() -> None:
    solid = drawn([person(3, (200, 100, 300, 300))])
    dashed = drawn([person(3, (200, 100, 300, 300), filled=True)])
    sides = (slice(120, 299), 200)
    assert near(solid[sides], colour_bgr(3)).all()
    on = near(dashed[sides], colour_bgr(3)).mean()
    assert 0.3 < on < 0.7


def test_a_trail_fades_towards_its_old_end() -> None:
    people = [person(5, (300, 100, 340, 300), trail=12)]
    image = drawn(people)

    def strength(index: int) -> float:
        x, y = np.round(people[0].trail_px[index]).astype(int)
        return float(np.abs(image[y - 1 : y + 2, x - 1 : x + 2].astype(int) - GREY).max())

    assert strength(8) > strength(5) > strength(2) > 5
    still = drawn([person(5, (300, 100, 340, 300))])
    assert (image[:299] == still[:299]).all()  # nothing but the trail differs


def test_only_joints_that_are_seen_are_drawn() -> None:
    keypoints = np.zeros((17, 3), np.float32)
    keypoints[:, :2] = [250, 200]
    keypoints[5] = keypoints[6] = [0, 0, 0.9]
    keypoints[5, :2], keypoints[6, :2] = [220, 150], [280, 150]
    keypoints[0] = [250, 120, 0.2]
    image = drawn([person(3, (200, 100, 300, 300), keypoints_xyc=keypoints)])
    assert near(image[150, 250], colour_bgr(3), 10)  # the shoulders; smooth lines are not quite opaque
    assert near(image[120, 250], GREY)  # the nose: not sure enough
    assert near(image[200, 250], GREY)


@pytest.mark.parametrize("height", [360, 1080, 2160])
def test_sizes_follow_the_height(height: int) -> None:
    width = height * 16 // 9
    box = tuple(value * height / 360 for value in (200, 100, 300, 300))
    image = drawn([person(3, box)], width, height)
    share = near(image, colour_bgr(3)).sum() / (width * height)
    assert 0.003 < share < 0.012
    assert labels.paint("ID 3", max(9, round(height / 54)), colour_bgr(3)).shape[0] >= height / 36


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-300, 900, width=32)] * 4), min_size=1, max_size=6),
    st.tuples(st.integers(1, 700), st.integers(1, 400)),
    st.booleans(),
)
def test_any_box_in_any_picture_can_be_drawn(
    boxes: list[tuple[float, ...]], size: tuple[int, int], filled: bool
) -> None:
    people = [person(index + 1, box, filled=filled, trail=index) for index, box in enumerate(boxes)]
    one, two = drawn(people, *size), drawn(people[::-1], *size)
    assert one.shape == (size[1] + size[1] % 2, size[0] + size[0] % 2, 3)
    assert (one == two).all()  # the order of a list is nothing


def test_trails_in_a_picture_one_pixel_wide() -> None:
    people = [person(index + 1, (0, 0, 0, 0), filled=False, trail=index) for index in range(2)]
    assert drawn(people, 1, 7).shape == (8, 2, 3)


def test_nobody_leaves_the_picture_alone() -> None:
    picture = Picture.from_bgr(np.random.default_rng(0).integers(0, 256, (36, 64, 3), np.uint8))
    before = picture.i420.copy()
    Painter(64, 36).draw(picture, [])
    assert (picture.i420 == before).all()


@given(
    st.lists(st.tuples(*[st.integers(0, 600)] * 4), max_size=8),
    st.tuples(st.integers(1, 200), st.integers(1, 60)),
)
def test_labels_stay_inside(corners: list[tuple[int, ...]], size: tuple[int, int]) -> None:
    taken: list[Place] = []
    for a, b, c, d in corners:
        box = Place(min(a, c), min(b, d), max(a, c), max(b, d))
        spot = labels.place(box, size, (600, 600), taken)
        assert 0 <= spot.left < spot.right <= 600
        assert 0 <= spot.top < spot.bottom <= 600
        assert (spot.right - spot.left, spot.bottom - spot.top) == size
        taken.append(spot)


def test_labels_avoid_each_other() -> None:
    taken: list[Place] = []
    for shift in range(4):  # four people in nearly one place
        spot = labels.place(Place(100 + shift, 100, 200 + shift, 300), (40, 20), (640, 360), taken)
        for other in taken:
            apart = spot.left >= other.right or other.left >= spot.right
            assert apart or spot.top >= other.bottom or other.top >= spot.bottom
        taken.append(spot)


def test_a_label_is_above_its_box_where_there_is_room_and_inside_it_at_the_upper_edge() -> None:
    assert labels.place(Place(100, 100, 200, 300), (40, 20), (640, 360), []) == Place(100, 80, 140, 100)
    assert labels.place(Place(100, 0, 200, 300), (40, 20), (640, 360), []) == Place(100, 0, 140, 20)
    assert labels.place(Place(620, 100, 640, 300), (40, 20), (640, 360), []) == Place(600, 80, 640, 100)
