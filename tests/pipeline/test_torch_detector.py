"""Batches on a GPU: images of several sizes, in order, none held for long."""

from itertools import cycle, islice

import numpy as np
import pytest
import torch

from core.letterbox import Letterbox
from pipeline.detect import DetectConfig
from pipeline.detect.layout import InputLayout, OutputLayout
from pipeline.detect.torch_detector import AHEAD, TorchDetector

BATCH = 4
WIDE, LARGE, TALL = (72, 128), (172, 256), (128, 72)  # the first two need the same input, with other borders


class Network:
    """Finds in the middle of each input a box of 32 px, as sure as the input is bright; notes what it was shown."""

    def __init__(self):
        self.shown = []

    def __call__(self, inputs):
        self.shown.append(tuple(inputs.shape))
        height, width = inputs.shape[2:]
        output = torch.zeros(len(inputs), 5, 3)
        output[:, :4, 0] = torch.tensor([width / 2, height / 2, 32.0, 32.0])
        output[:, 4, 0] = inputs.mean((1, 2, 3))
        return [output]


def make(**takes):
    network = Network()
    config = DetectConfig(image_size=128, score=0.01, batch=BATCH, enlarge=10)
    return network, TorchDetector(network, InputLayout(**takes), OutputLayout(1, 0, False, False), "x", config, "cpu")


def frames(sizes):
    return [(number, np.full((*size, 3), number % 200 + 50, np.uint8)) for number, size in enumerate(sizes)]


def check(images, results):
    assert [tag for tag, _, _ in results] == [tag for tag, _ in images]
    for (_, image), (_, given, found) in zip(images, results, strict=True):
        assert given is image
        if image.size:
            height, width = image.shape[:2]
            box = Letterbox.rectangular(width, height, 128)
            half = 16 / box.scale
            middle = [width / 2, height / 2]
            np.testing.assert_allclose(found.scores, [box.apply(image).mean() / 255], atol=1e-6)
            np.testing.assert_allclose(found.boxes_xyxy, [[*np.subtract(middle, half), *np.add(middle, half)]], atol=1)


@pytest.mark.parametrize(
    ("sizes", "calls"), [([WIDE], 6), ([WIDE, LARGE], 6), ([WIDE, TALL], 6), ([WIDE, WIDE, LARGE, TALL], 7)]
)
def test_cameras_that_take_turns_fill_their_batches(sizes, calls):
    network, detector = make()
    images = frames(islice(cycle(sizes), 24))
    check(images, list(detector.stream(images)))
    assert len(network.shown) <= calls
    assert {shape[0] for shape in network.shown} == {BATCH}


def test_a_rare_size_does_not_hold_the_others_for_long():
    _, detector = make()
    taken = 0

    def images():
        nonlocal taken
        for image in frames([TALL] + [WIDE] * 100):
            taken += 1
            yield image

    for given, _ in enumerate(detector.stream(images()), 1):
        assert taken - given <= AHEAD * BATCH


def test_images_without_pixels_come_back_in_order():
    _, detector = make()
    images = frames([WIDE, (0, 0), TALL, (0, 0)])
    results = list(detector.stream(images))
    check(images, results)
    assert [len(found) for _, _, found in results] == [1, 0, 1, 0]


def test_a_network_made_for_one_number_of_pictures_gets_that():
    network, detector = make(batch=3)
    images = frames([WIDE] * 7)
    check(images, list(detector.stream(images)))
    assert [shape[0] for shape in network.shown] == [3, 3, 3]
