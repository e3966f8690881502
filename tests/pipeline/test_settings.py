"""Settings: every key reached, every mistake named."""

import dataclasses

import pytest

from core.errors import SettingError
from pipeline.settings import RunConfig, Settings, resolve


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


def test_values_are_read_by_the_type_of_their_field():
    settings = resolve(RunConfig(), ["detect.score=0.5", "export.skeleton=true", "run.outputs=json, mot"])
    assert settings.detect.score == 0.5
    assert settings.export.skeleton is True
    assert settings.run.outputs == ("json", "mot")


def test_the_tracker_chosen_decides_the_track_section():
    assert resolve(RunConfig(tracker="sort")).track != resolve(RunConfig(tracker="bytetrack")).track


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("detect.scroe=1", "did you mean 'score'"),
        ("crops.per_track=many", "expected int"),
        ("crops", "section.key=value"),
    ],
)
def test_mistakes_name_the_nearest_neighbour(text, words):
    with pytest.raises(SettingError, match=words):
        resolve(RunConfig(), [text])
