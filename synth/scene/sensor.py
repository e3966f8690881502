"""From linear light to the picture a cheap camera would store: exposure, white balance, tone, blur and noise."""

from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class Sensor:
    """One camera's own way of seeing.

    exposure: factor on top of the automatic one; balance: gains of red, green and blue; gamma: of the tone curve;
    blur_px: Gaussian sigma of the optics; shot and read: noise that grows with light and noise that does not, in
    units of full white; vignette: loss of light in the corners; crf: x264's quality, higher is worse.
    """

    exposure: float = 1.0
    balance: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gamma: float = 2.2
    saturation: float = 1.0
    blur_px: float = 0.4
    shot: float = 0.01
    read: float = 0.005
    vignette: float = 0.1
    crf: int = 27


@dataclass(frozen=True)
class SensorConfig:
    """Ranges from which every camera draws its own values."""

    exposure: tuple[float, float] = (0.75, 1.3)
    balance: tuple[float, float] = (0.9, 1.1)
    gamma: tuple[float, float] = (1.9, 2.5)
    saturation: tuple[float, float] = (0.75, 1.1)
    blur_px: tuple[float, float] = (0.3, 0.7)
    shot: tuple[float, float] = (0.004, 0.02)
    read: tuple[float, float] = (0.002, 0.008)
    vignette: tuple[float, float] = (0.0, 0.25)
    crf: tuple[int, int] = (24, 31)


def draw_sensor(rng: np.random.Generator, config: SensorConfig | None = None) -> Sensor:
    """A sensor with every value drawn from the ranges of `config`."""
    c = config or SensorConfig()
    return Sensor(
        exposure=float(np.exp(rng.uniform(*np.log(c.exposure)))),
        balance=(float(rng.uniform(*c.balance)), 1.0, float(rng.uniform(*c.balance))),
        gamma=float(rng.uniform(*c.gamma)),
        saturation=float(rng.uniform(*c.saturation)),
        blur_px=float(rng.uniform(*c.blur_px)),
        shot=float(rng.uniform(*c.shot)),
        read=float(rng.uniform(*c.read)),
        vignette=float(rng.uniform(*c.vignette)),
        crf=int(rng.integers(c.crf[0], c.crf[1] + 1)),
    )


def metered_gain(linear_rgb: np.ndarray) -> float:
    """The gain that brings the mean brightness of a picture to middle grey, as automatic exposure does."""
    return 0.22 / max(float(linear_rgb.mean()), 1e-4)


def develop(linear_rgb: np.ndarray, sensor: Sensor, gain: float, rng: np.random.Generator) -> np.ndarray:
    """The stored picture: linear_rgb (H, W, 3) float32 to BGR (H, W, 3) uint8.

    Order as in a camera: light falls off towards the corners, is blurred, exposed and balanced, gains noise, and is
    toned (a filmic shoulder instead of clipping: Reinhard et al., 2002, eq. 4) and quantised.
    """
    height, width = linear_rgb.shape[:2]
    light = cv2.GaussianBlur(linear_rgb, (0, 0), sensor.blur_px) if sensor.blur_px > 0.15 else linear_rgb
    y = (np.arange(height, dtype=np.float32) / height - 0.5)[:, None]
    x = (np.arange(width, dtype=np.float32) / width - 0.5)[None, :]
    fall = 1 - sensor.vignette * 2 * (x * x + y * y)
    light = light * (np.float32(gain * sensor.exposure) * np.asarray(sensor.balance, np.float32)) * fall[..., None]
    noise = rng.standard_normal(light.shape, dtype=np.float32)
    light += noise * np.sqrt(np.float32(sensor.shot**2) * np.maximum(light, 0) + np.float32(sensor.read**2))
    grey = light @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    light = grey[..., None] + np.float32(sensor.saturation) * (light - grey[..., None])
    light = np.maximum(light, 0)
    white = np.float32(2.2)  # the light that is shown as pure white
    toned = np.minimum(light * (1 + light / white**2) / (1 + light) * np.float32(1.35), 1)
    stored = cv2.pow(toned, 1 / sensor.gamma) * 255 + 0.5
    return np.ascontiguousarray(stored.astype(np.uint8)[:, :, ::-1])
