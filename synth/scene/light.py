"""Light for a place: a lamp or the sun that casts shadows, and light from all around."""

import numpy as np

from synth.types import Light


def kelvin_rgb(temperature_k: float) -> np.ndarray:
    """Linear RGB of a black body relative to 6500 K, mean 1: warm below, cold above.

    A quadratic in 1/T through the sRGB colours of 3000, 4500 and 6500 K; meant for 2700 to 9000 K.
    """
    x = 6500.0 / temperature_k - 1
    colour = np.array([1 + 0.75 * x, 1 - 0.02 * x - 0.05 * x * x, 1 - 0.72 * x + 0.08 * x * x])
    colour = np.clip(colour, 0.15, None)
    return colour / colour.mean()


def room_light(rng: np.random.Generator) -> Light:
    """Lamps above and much light thrown back by the walls: soft, steep shadows."""
    lamp, ambient = kelvin_rgb(rng.uniform(3200, 6000)), kelvin_rgb(rng.uniform(3600, 6500))
    strength = rng.uniform(0.5, 1.4)
    return Light(
        direction=_direction(rng.uniform(0, 360), rng.uniform(50, 80)),
        sun_rgb=(strength * lamp).astype(np.float32),
        sky_rgb=(rng.uniform(0.7, 1.1) * ambient).astype(np.float32),
        bounce_rgb=(rng.uniform(0.35, 0.6) * ambient).astype(np.float32),
    )


def open_light(rng: np.random.Generator) -> Light:
    """Outdoors: from overcast, nearly without shadows, to low hard sun against the camera."""
    sky = kelvin_rgb(rng.uniform(6000, 9000))
    strength = rng.uniform(0.0, 3.5)
    return Light(
        direction=_direction(rng.uniform(0, 360), rng.uniform(18, 75)),
        sun_rgb=(strength * kelvin_rgb(rng.uniform(4200, 6200))).astype(np.float32),
        sky_rgb=(rng.uniform(0.6, 1.1) * sky).astype(np.float32),
        bounce_rgb=(rng.uniform(0.15, 0.4) * sky).astype(np.float32),
    )


def _direction(azimuth_deg: float, elevation_deg: float) -> np.ndarray:
    azimuth, elevation = np.deg2rad(azimuth_deg), np.deg2rad(elevation_deg)
    flat = np.cos(elevation)
    return np.array([flat * np.cos(azimuth), flat * np.sin(azimuth), -np.sin(elevation)], dtype=np.float32)
