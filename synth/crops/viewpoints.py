"""The pool of cameras that see the people of the crops: where each hangs, what light it has, and how it spoils it."""

from dataclasses import dataclass

import cv2
import numpy as np

from synth.crops.surroundings import Place, surroundings
from synth.types import Camera, Light


@dataclass(frozen=True)
class Sensor:
    """How a camera turns light into bytes: gains (3,) RGB (white balance and exposure), gamma, saturation, contrast;
    noise: standard deviation at mid grey, 0 to 1; blur_px; quality of its compression, 1 to 100."""

    gains: np.ndarray
    gamma: float
    saturation: float
    contrast: float
    noise: float
    blur_px: float
    quality: int


@dataclass(frozen=True)
class Viewpoint:
    """One camera of the pool: its place, light, sensor, height_m, focal_px and its people's distances in metres."""

    place: Place
    light: Light
    sensor: Sensor
    height_m: float
    focal_px: float
    near_m: float
    far_m: float


def draw_viewpoint(
    rng: np.random.Generator, near_m: float, far_m: float, floors: tuple[np.ndarray, ...], walls: tuple[np.ndarray, ...]
) -> Viewpoint:
    """A camera unlike the others."""
    near = near_m + (far_m - near_m) * rng.uniform(0, 0.4)
    return Viewpoint(
        place=surroundings(rng, floors, walls),
        light=draw_light(rng),
        sensor=draw_sensor(rng),
        height_m=float(rng.uniform(1.4, 2.4) if rng.random() < 0.35 else rng.uniform(2.4, 5.0)),
        focal_px=float(np.exp(rng.uniform(np.log(320), np.log(1100)))),
        near_m=float(near),
        far_m=float(near + (far_m - near) * rng.uniform(0.4, 1.0)),
    )


def draw_light(rng: np.random.Generator) -> Light:
    """Outdoors a strong lamp or an overcast sky, indoors a weak lamp and light from all sides."""
    azimuth, elevation = rng.uniform(0, 2 * np.pi), rng.uniform(0.35, 1.4)
    direction = -np.array([np.cos(azimuth) * np.cos(elevation), np.sin(azimuth) * np.cos(elevation), np.sin(elevation)])
    warm = np.array([1.0, rng.uniform(0.86, 1.0), rng.uniform(0.66, 1.05)])
    kind = rng.random()
    lamp, around = (1.3, 0.45) if kind < 0.3 else (0.25, 0.85) if kind < 0.6 else (0.6, 0.65)
    sky = around * rng.uniform(0.8, 1.2) * np.array([rng.uniform(0.85, 1.05), 1.0, rng.uniform(0.92, 1.15)])
    return Light(direction, lamp * rng.uniform(0.7, 1.3) * warm, sky, sky * rng.uniform(0.35, 0.7) * warm)


def draw_sensor(rng: np.random.Generator) -> Sensor:
    """From crisp and true to dim, tinted and compressed."""
    tint = np.array([rng.normal(1, 0.08), 1.0, rng.normal(1, 0.10)])
    return Sensor(
        gains=np.clip(tint, 0.75, 1.3) * np.exp(rng.normal(-0.05, 0.25)),
        gamma=float(rng.uniform(0.85, 1.2)),
        saturation=float(rng.uniform(0.55, 1.1)),
        contrast=float(rng.uniform(0.75, 1.15)),
        noise=float(rng.uniform(0.0, 0.035)),
        blur_px=float(rng.uniform(0.3, 1.1)),
        quality=int(rng.integers(30, 92)),
    )


def expose(linear_rgb: np.ndarray, sensor: Sensor, rng: np.random.Generator) -> np.ndarray:
    """Bytes (H, W, 3) uint8 BGR of linear light (H, W, 3) float32, as this sensor and its codec give them."""
    image = cv2.GaussianBlur(linear_rgb * sensor.gains.astype(np.float32), (0, 0), sensor.blur_px)
    image = image / (1 + 0.25 * image) * 1.25  # highlights roll off
    image = np.clip(image, 0, 1) ** np.float32(1 / (2.2 * sensor.gamma))
    image = (image - 0.5) * sensor.contrast + 0.5
    grey = image @ np.array([0.299, 0.587, 0.114], np.float32)
    image = grey[..., None] + (image - grey[..., None]) * sensor.saturation
    speckle = rng.normal(size=image.shape).astype(np.float32)
    image = image + (cv2.GaussianBlur(speckle, (0, 0), 0.6) * 1.6) * np.float32(sensor.noise)
    encoded = np.clip(image * 255 + 0.5, 0, 255).astype(np.uint8)[..., ::-1]
    _, packed = cv2.imencode(".jpg", encoded, [cv2.IMWRITE_JPEG_QUALITY, sensor.quality])
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)


def looking_at(eye_m: np.ndarray, target_m: np.ndarray, focal_px: float, width: int, height: int) -> Camera:
    """An upright camera at `eye_m` with `target_m` in the middle of its picture."""
    forward = np.asarray(target_m, float) - eye_m
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    matrix = np.array([[focal_px, 0, width / 2], [0, focal_px, height / 2], [0, 0, 1.0]])
    return Camera(matrix, rotation, -rotation @ np.asarray(eye_m, float), width, height)
