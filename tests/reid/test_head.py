"""The head's pooling against plain loops."""

import numpy as np
import pytest
import torch

from reid.network.config import NetworkConfig
from reid.network.head import FOREIGN, Head, band_weights

ROWS, COLUMNS, CHANNELS = 6, 3, 4


@pytest.mark.parametrize("bands", [0, 2])
def test_bands_are_made_of_what_is_owned_and_weigh_as_much(bands: int) -> None:
    head = Head(CHANNELS, NetworkConfig(bands=bands, input_height=96, input_width=48))
    generator = torch.Generator().manual_seed(0)
    features = torch.randn(2, CHANNELS, ROWS * COLUMNS, generator=generator, dtype=torch.float64)
    owned = torch.rand(2, ROWS, COLUMNS, generator=generator, dtype=torch.float64)
    owned[1, 3:] = 0  # the lower half is somebody else's
    found = head.band_means(features, ROWS, COLUMNS, owned).unflatten(1, (CHANNELS, -1))
    weights = band_weights(ROWS, COLUMNS, bands).double().numpy()
    for crop in range(2):
        for band in range(max(1, bands)):
            total, share = np.zeros(CHANNELS), 0.0
            for cell in range(ROWS * COLUMNS):
                ours = FOREIGN + (1 - FOREIGN) * float(owned[crop].flatten()[cell])
                total += weights[band, cell] * ours * features[crop, :, cell].numpy()
                share += weights[band, cell] * ours
            expected = total / share * weights[band].sum()
            np.testing.assert_allclose(found[crop, :, band].numpy(), expected, atol=1e-12)


@pytest.mark.parametrize("bands", [0, 2])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_crop_that_is_all_ones_own_or_all_somebody_elses_is_taken_whole(bands: int, share: float) -> None:
    head = Head(CHANNELS, NetworkConfig(bands=bands, input_height=96, input_width=48))
    features = torch.randn(2, CHANNELS, ROWS * COLUMNS, generator=torch.Generator().manual_seed(1))
    owned = torch.full((2, ROWS, COLUMNS), share)
    plain, found = head.band_means(features, ROWS, COLUMNS), head.band_means(features, ROWS, COLUMNS, owned)
    torch.testing.assert_close(found, plain, atol=1e-6, rtol=1e-5)
