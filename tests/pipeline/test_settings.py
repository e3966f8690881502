"""Settings: every key reached, every mistake named."""

import dataclasses
from dataclasses import replace

import pytest

import trackers
from core.errors import SettingError
from pipeline.association import AssociateConfig
from pipeline.settings import RunConfig, Settings, override, resolve

SIGNED = {"associate.sure_distance"}  # may be below 0: a distance less what other evidence says


def leaves(holder, prefix=""):
    for field in dataclasses.fields(holder):
        value = getattr(holder, field.name)
        if dataclasses.is_dataclass(value):
            yield from leaves(value, f"{prefix}{field.name}.")
        else:
            yield f"{prefix}{field.name}", value


@pytest.mark.parametrize(("key", "value"), list(leaves(Settings())))
def test_every_setting_can_be_set_to_its_own_default(key, value):
    text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
    assert resolve(RunConfig(), [f"{key}={text}"]) == Settings()


def numbers():
    """Tracker and name of every number that can be set."""
    for tracker in trackers.NAMES:
        for key, value in leaves(Settings(RunConfig(tracker=tracker))):
            if type(value) in (int, float) and (key.startswith("track.") or tracker == RunConfig.tracker):
                yield tracker, key


@pytest.mark.parametrize(("tracker", "key"), list(numbers()))
def test_numbers_without_sense_are_refused_by_name(tracker, key):
    for value in ["nan", "inf", "-inf"] + ["-1"] * (key not in SIGNED):
        with pytest.raises(SettingError, match=rf"^--set {key}={value}: "):
            resolve(RunConfig(tracker=tracker), [f"{key}={value}"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("crops.per_track=0", r"crops.per_track: expected 1 or more, got 0"),
        ("run.decode_threads=100000", "expected 0 .* to 64, got 100000"),
        ("export.keyframe_s=1e300", "at most 3600 seconds"),
        ("refine.join.samples=0", "samples: expected more than 0, got 0"),
        ("track.life.begin_score=50", "begin_score: expected 0 to 1, got 50"),
        ("track.motion.height_noise=0", "height_noise: expected more than 0, got 0"),
    ],
)
def test_what_cannot_be_run_is_refused(text, words):
    with pytest.raises(SettingError, match=words):
        resolve(RunConfig(), [text])


@pytest.mark.parametrize("order", [1, -1])
def test_what_fits_together_is_taken_in_either_order(order):
    texts = ["associate.free_distance=0.2", "associate.sure_distance=0.1"][::order]
    wanted = AssociateConfig(free_distance=0.2, sure_distance=0.1)
    assert override(AssociateConfig(), "associate", texts) == wanted
    assert resolve(RunConfig(), texts).associate.free_distance == 0.2
    with pytest.raises(SettingError, match=r"--set associate.free_distance=0.2: .*sure_distance: expected at most"):
        resolve(RunConfig(), ["associate.free_distance=0.2"])


def test_of_one_key_the_last_counts_and_none_is_left_unread():
    assert resolve(RunConfig(), ["crops.per_track=3", "crops.per_track=4"]).crops.per_track == 4
    with pytest.raises(SettingError, match="per_track=many: expected int"):
        resolve(RunConfig(), ["crops.per_track=many", "crops.per_track=4"])


def test_values_are_read_by_the_type_of_their_field():
    settings = resolve(RunConfig(), ["detect.score=0.5", "export.skeleton=true", "run.outputs=json, mot"])
    assert settings.detect.score == 0.5
    assert settings.export.skeleton is True
    assert settings.run.outputs == ("json", "mot")


def test_the_tracker_chosen_decides_the_track_section():
    assert resolve(RunConfig(tracker="sort")).track != resolve(RunConfig(tracker="bytetrack")).track


@pytest.mark.parametrize("order", [1, -1])
def test_track_belongs_to_the_tracker_wherever_it_is_named(order):
    settings = resolve(RunConfig(), ["track.heading_s=0.2", "run.tracker=ocsort"][::order])
    assert settings.track == replace(trackers.CONFIGS["ocsort"](), heading_s=0.2)
    assert resolve(RunConfig(tracker="ocsort"), ["track.heading_s=0.2"]) == settings


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("detect.scroe=1", "did you mean 'score'"),
        ("crops.per_track=many", "expected int"),
        ("crops", "section.key=value"),
        ("run=1", "'run' is a section"),
        ("crops.per_track.most=1", "'per_track' is a single value"),
    ],
)
def test_mistakes_name_the_nearest_neighbour(text, words):
    with pytest.raises(SettingError, match=words):
        resolve(RunConfig(), [text])
