"""A wider network says what the narrow one said, and has new channels that learn."""

import copy

import pytest
import torch
import yaml
from torch import nn

from models.detector.network import ARCHITECTURE, SlimPoseModel
from models.detector.widen import widen

NARROWER = {5: 512, 6: 512, 13: 512, 16: 256, 19: 512}  # channels by layer


def network(channels: dict[int, int], keypoint_channels: int, seed: int) -> SlimPoseModel:
    torch.manual_seed(seed)
    architecture = yaml.safe_load(ARCHITECTURE.read_text())
    layers = architecture["backbone"] + architecture["head"]
    for layer, count in channels.items():
        layers[layer][3][0] = count
    depth, width, _ = architecture["scales"]["t"]
    architecture["scales"]["t"] = [depth, width, 2048]  # at most so many channels, before the width
    made = SlimPoseModel({**architecture, "keypoint_channels": keypoint_channels}, verbose=False)
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):  # as after some training: no channel like another
            for values in (module.weight, module.bias, module.running_mean, module.running_var):
                values.data.uniform_(0.5, 1.5)
    return made.eval()


@pytest.fixture(scope="module")
def narrow() -> SlimPoseModel:
    return network(NARROWER, 64, seed=1)


def test_the_wide_network_says_the_same(narrow):
    wide = network({}, 80, seed=2)
    image = torch.rand(1, 3, 96, 64, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        before = wide(image)[0]
        widen(narrow, wide)
        expected, got = narrow(image)[0], wide(image)[0]
    assert (before - expected).abs().max() > 0.1
    torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-3)


def test_old_channels_learn_to_read_the_new_ones(narrow):
    wide = network({}, 80, seed=2)
    widen(narrow, wide)
    reader = wide.model[6].cv1.conv  # reads the 96 channels of layer 5, 64 of them old
    assert not reader.weight[:32, 64:].any()
    wide(torch.rand(1, 3, 96, 64))[0].sum().backward()
    assert reader.weight.grad[:32, 64:].any()


def test_a_network_is_not_made_narrower(narrow):
    with pytest.raises(ValueError, match="fewer"):
        widen(narrow, network({**NARROWER, 16: 128}, 64, seed=2))


def test_attention_is_not_made_wider(narrow):
    with pytest.raises(ValueError, match=r"model\.10.*attention"):
        widen(narrow, network({8: 1536, 9: 1536, 10: 1536}, 80, seed=2))


def test_the_narrow_network_is_left_as_it_was(narrow):
    before = copy.deepcopy(narrow.state_dict())
    widen(narrow, network({}, 80, seed=2))
    assert all(torch.equal(before[name], value) for name, value in narrow.state_dict().items())
