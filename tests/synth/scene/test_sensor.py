import numpy as np

from synth.scene.sensor import Sensor, develop, draw_sensor, metered_gain

QUIET = Sensor(blur_px=0.0, shot=0.0, read=0.0, vignette=0.0)


def grey(value: float) -> np.ndarray:
    return np.full((8, 12, 3), value, np.float32)


def shown(value: float, sensor: Sensor = QUIET) -> np.ndarray:
    return develop(grey(value), sensor, 1.0, np.random.default_rng(0))


def test_more_light_is_shown_brighter_up_to_white() -> None:
    levels = [int(shown(value)[0, 0, 0]) for value in (0.0, 0.05, 0.2, 0.6, 1.5, 50.0)]
    assert levels == sorted(levels)
    assert levels[0] == 0
    assert levels[-1] == 255
    assert shown(0.2).dtype == np.uint8


def test_white_balance_is_stored_as_bgr() -> None:
    warm = shown(0.2, Sensor(balance=(1.3, 1.0, 0.7), blur_px=0.0, shot=0.0, read=0.0, vignette=0.0))[0, 0]
    assert warm[2] > warm[1] > warm[0]


def test_noise_follows_its_generator() -> None:
    noisy = Sensor(read=0.02)
    first, again, other = (develop(grey(0.2), noisy, 1.0, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_the_input_is_left_alone_and_corners_are_darker() -> None:
    light = grey(0.3)
    picture = develop(light, Sensor(vignette=0.5, shot=0.0, read=0.0), 1.0, np.random.default_rng(0))
    assert (light == np.float32(0.3)).all()
    assert picture[0, 0, 0] < picture[4, 6, 0]


def test_metering_undoes_a_change_of_light() -> None:
    assert metered_gain(grey(0.1)) * 0.1 == metered_gain(grey(0.4)) * 0.4


def test_every_camera_draws_its_own_sensor() -> None:
    assert draw_sensor(np.random.default_rng(0)) != draw_sensor(np.random.default_rng(1))
    assert draw_sensor(np.random.default_rng(0)) == draw_sensor(np.random.default_rng(0))
