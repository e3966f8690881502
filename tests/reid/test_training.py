"""Recipes, batches, the loop, and the commands around them."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from core.errors import InputError, OutputError, SettingError, WeightsError
from reid.__main__ import main
from reid.data.folders import market_folder
from reid.data.shards import ShardSet
from reid.embedder import Embedder
from reid.evaluation import evaluate_shards
from reid.network.model import ReIDNetwork
from reid.training.batches import Batches
from reid.training.checkpoint import load_beginning, write_state
from reid.training.loop import learning_rate, train
from reid.training.recipe import LossConfig, Recipe, ScheduleConfig
from reid.training.sampler import IdentitySampler
from tests.core.test_whole import files_at_most
from tests.reid.fake_crops import write_set

NETWORK = {
    "width": 0.125, "embedding": 32, "part_embedding": 16, "input_height": 64, "input_width": 32, "stripes": 4,
}  # fmt: skip


@pytest.fixture(scope="module")
def crops(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_set(tmp_path_factory.mktemp("crops") / "train")


def recipe(crops: Path, steps: int = 4, **schedule: object) -> Recipe:
    values = {"steps": steps, "identities": 4, "images": 2, "small_height": 48, "small_width": 32, "threads": 1}
    return Recipe.from_dict({"data": {"train": str(crops)}, "network": NETWORK, "schedule": values | schedule})


def silent(_: str) -> None:
    return


def test_batches_depend_on_the_step_alone(crops: Path) -> None:
    one, two = (Batches(ShardSet(crops), recipe(crops)) for _ in range(2))
    one.batch(0)
    for a, b in zip(one.batch(3), two.batch(3), strict=True):
        assert torch.equal(a, b)
    batch = one.batch(1)
    assert batch.pictures.shape == (8, 3, 64, 32)
    assert batch.masks.shape == (8, 5, 4, 2)
    assert batch.pictures.is_contiguous(memory_format=torch.channels_last)


def test_small_pictures_come_first(crops: Path) -> None:
    batches = Batches(ShardSet(crops), recipe(crops, steps=10, small_share=0.3))
    assert [batches.size(step)[0] for step in (0, 2, 3, 9)] == [48, 48, 64, 64]


def test_sampler_gives_identities_times_images_over_all_cameras() -> None:
    identity, camera = np.repeat(np.arange(5), 6), np.tile([0, 0, 0, 1, 1, 2], 5)
    sampler = IdentitySampler(identity, camera, 2, 3, balanced=True, seed=0)
    seen = []
    for step in range(2):
        rows = sampler.batch(step)
        assert len(np.unique(rows)) == 6
        for group in rows.reshape(2, 3):
            assert len(set(identity[group])) == 1
            assert sorted(camera[group]) == [0, 1, 2]
        seen += sorted(set(identity[rows]))
    assert len(set(seen)) == 4


def test_sampler_leaves_out_single_crops_and_refuses_too_few() -> None:
    identity = np.array([0, 0, 1, 2, 2])
    sampler = IdentitySampler(identity, np.zeros(5), 2, 4, balanced=True, seed=0)
    assert sampler.left_out == 1
    assert 2 not in sampler.batch(0)
    with pytest.raises(InputError, match="at least 3 identities"):
        IdentitySampler(identity, np.zeros(5), 3, 2, balanced=False, seed=0)


def test_training_with_the_contrastive_terms_begins_with_a_trunk_under_another_head(
    crops: Path, tmp_path: Path
) -> None:
    first = recipe(crops, steps=2)
    train(first, tmp_path / "first", say=silent)
    contrast = dataclasses.replace(first.losses, triplet=0.0, parts=0.0, stripes=0.0, contrast=1.0, part_contrast=1.0)
    second = dataclasses.replace(
        first,
        begin_with=str(tmp_path / "first"),
        network=dataclasses.replace(first.network, bands=2),
        schedule=dataclasses.replace(first.schedule, learning_rate=0.0, final_learning_rate=0.0),
        losses=contrast,
    )
    network = train(second, tmp_path / "second", say=silent)
    before = torch.load(tmp_path / "first" / "checkpoint.pt", weights_only=True)["network"]
    assert network.head.project.in_features == 2 * network.trunk.channels
    for name, value in network.trunk.named_parameters():
        assert torch.equal(value, before[f"trunk.{name}"]), name
    said = json.loads((tmp_path / "second" / "log.jsonl").read_text().splitlines()[-1])
    assert {"contrast", "part_contrast"} <= said.keys()
    assert "triplet" not in said


def test_a_training_goes_on_with_the_classifier_of_the_one_before(crops: Path, tmp_path: Path) -> None:
    first = recipe(crops, steps=2)
    train(first, tmp_path / "first", say=silent)
    still = dataclasses.replace(first.schedule, steps=1, learning_rate=0.0, final_learning_rate=0.0)
    begun = dataclasses.replace(first, begin_with=str(tmp_path / "first"), schedule=still)
    learnt = torch.load(tmp_path / "first" / "checkpoint.pt", weights_only=True)["objective"]
    for losses, same in ((True, True), (False, False)):
        train(dataclasses.replace(begun, seed=5, begin_losses=losses), tmp_path / str(losses), say=silent)
        found = torch.load(tmp_path / str(losses) / "checkpoint.pt", weights_only=True)["objective"]
        assert all(torch.equal(value, learnt[name]) for name, value in found.items()) is same
    path = tmp_path / "first" / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    state["objective"] = {name: value[:-1] for name, value in learnt.items()}  # of one identity fewer
    torch.save(state, path)
    with pytest.raises(SettingError, match="in begin_with"):
        train(dataclasses.replace(begun, begin_with="", begin_losses=True), tmp_path / "nowhere", say=silent)
    with pytest.raises(WeightsError, match="same identities"):
        train(dataclasses.replace(begun, begin_losses=True), tmp_path / "other", say=silent)


def test_a_beginning_from_before_a_setting_existed_is_taken_whole(crops: Path, tmp_path: Path) -> None:
    first = recipe(crops, steps=1)
    train(first, tmp_path / "first", say=silent)
    path = tmp_path / "first" / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    del state["architecture"]["palette_share"]
    torch.save(state, path)
    network = ReIDNetwork.random(first.network, 5)
    load_beginning(tmp_path / "first", network)
    assert all(torch.equal(value, state["network"][name]) for name, value in network.state_dict().items())
    del state["architecture"]
    torch.save(state, path)
    with pytest.raises(WeightsError, match="which network"):
        load_beginning(tmp_path / "first", network)


def test_training_learns_and_goes_on_where_it_stopped(crops: Path, tmp_path: Path) -> None:
    whole = train(recipe(crops, steps=6), tmp_path / "whole", say=silent)
    stopped = recipe(crops, steps=6, checkpoint_s=0.0, report_s=0.0)
    with pytest.raises(KeyboardInterrupt):
        train(stopped, tmp_path / "halves", say=_interrupt_after(3))
    said: list[str] = []
    resumed = train(stopped, tmp_path / "halves", say=said.append)
    assert "8 identities, steps 2 to 6" in said
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_a_training_goes_on_by_its_own_recipe_alone(crops: Path, tmp_path: Path) -> None:
    one = recipe(crops, steps=2)
    train(one, tmp_path, say=silent)
    before = (tmp_path / "checkpoint.pt").read_bytes()
    for other, message in (
        (recipe(crops, steps=3), r"has schedule\.steps = 2, not 3; take the recipe as it was"),
        (recipe(crops, steps=2, learning_rate=9.0), r"has schedule\.learning_rate = 0\.002, not 9\.0;"),
        (dataclasses.replace(one, seed=5, begin_with="x"), r"has seed = 0, not 5, begin_with = '', not 'x';"),
        (dataclasses.replace(one, losses=LossConfig(parts=0.0)), r"has losses\.parts = 0\.5, not 0\.0;"),
    ):
        with pytest.raises(WeightsError, match=message):
            train(other, tmp_path, say=silent)
    said: list[str] = []
    free = recipe(crops, steps=2, threads=0, report_s=0.0, checkpoint_s=0.0, validate_steps=3)
    train(dataclasses.replace(free, name="other"), tmp_path, say=said.append)
    assert "8 identities, already finished after 2 steps" in said
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_a_checkpoint_from_before_recipes_were_kept_goes_on_but_not_backwards(crops: Path, tmp_path: Path) -> None:
    train(recipe(crops, steps=2), tmp_path, say=silent)
    path = tmp_path / "checkpoint.pt"
    state = torch.load(path, weights_only=True)
    del state["recipe"]
    torch.save(state, path)
    with pytest.raises(WeightsError, match=r"expected 1 steps or fewer \(schedule\.steps\), got 2;"):
        train(recipe(crops, steps=1), tmp_path, say=silent)
    said: list[str] = []
    train(recipe(crops, steps=3), tmp_path, say=said.append)
    assert "8 identities, steps 2 to 3" in said


def test_what_a_training_began_with_is_read_at_its_beginning_alone(crops: Path, tmp_path: Path) -> None:
    first = recipe(crops, steps=1)
    train(first, tmp_path / "first", say=silent)
    begun = dataclasses.replace(first, begin_with=str(tmp_path / "first"), begin_losses=True)
    train(begun, tmp_path / "second", say=silent)
    (tmp_path / "first").rename(tmp_path / "moved")
    train(begun, tmp_path / "second", say=silent)
    with pytest.raises(WeightsError, match=r"first/checkpoint\.pt: missing(?!.*delete)"):
        train(begun, tmp_path / "third", say=silent)


def test_a_training_that_begins_again_has_a_log_of_its_own(crops: Path, tmp_path: Path) -> None:
    (tmp_path / "log.jsonl").write_text('{"step": 1, "learning_rate": 9.0, "old": 1.0}\n')
    train(recipe(crops, steps=2), tmp_path, say=silent)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [2]


def test_a_full_disk_is_an_output_error_and_leaves_the_older_checkpoint(tmp_path: Path) -> None:
    write_state(tmp_path, {"step": 1})
    before = (tmp_path / "checkpoint.pt").read_bytes()
    with files_at_most(100_000), pytest.raises(OutputError, match=r"cannot write .*checkpoint\.pt: File too large"):
        write_state(tmp_path, {"step": 2, "network": torch.zeros(100_000)})
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def _interrupt_after(lines: int):
    said = []

    def say(line: str) -> None:
        said.append(line)
        if len(said) > lines:
            raise KeyboardInterrupt

    return say


def test_loss_falls(crops: Path, tmp_path: Path) -> None:
    train(recipe(crops, steps=100, report_s=0.0, learning_rate=0.004), tmp_path, say=silent)
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    first, last = (np.mean([line["classification"] for line in part]) for part in (lines[:8], lines[-8:]))
    assert last < first - 0.04  # it begins at ln 8 = 2.08


def test_sixteen_bits_teach_nearly_the_same_and_leave_weights_in_thirty_two(crops: Path, tmp_path: Path) -> None:
    first = {}
    for half in (False, True):
        trained = train(recipe(crops, steps=2, report_s=0.0, half=half), tmp_path / str(half), say=silent)
        assert {value.dtype for value in trained.parameters()} == {torch.float32}
        lines = (tmp_path / str(half) / "log.jsonl").read_text().splitlines()
        first[half] = json.loads(lines[0])
    for name in ("classification", "triplet", "parts", "stripes"):
        assert first[True][name] == pytest.approx(first[False][name], abs=0.15)
    assert first[True] != first[False]


def test_checkpoints_of_another_network_and_broken_ones_are_refused(crops: Path, tmp_path: Path) -> None:
    train(recipe(crops, steps=1), tmp_path, say=silent)
    one = recipe(crops, steps=1)
    other = dataclasses.replace(one, network=dataclasses.replace(one.network, embedding=16))
    with pytest.raises(WeightsError, match=r"another architecture.*has network\.embedding = 32, not 16;"):
        train(other, tmp_path, say=silent)
    (tmp_path / "checkpoint.pt").write_bytes(b"nonsense")
    with pytest.raises(WeightsError, match="broken"):
        train(recipe(crops, steps=1), tmp_path, say=silent)


def test_a_device_that_is_not_there_and_metric_losses_on_single_crops_are_refused(crops: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="device: expected auto, cpu"):
        train(recipe(crops), tmp_path / "run", device="tpu", say=silent)
    single = recipe(crops, steps=1, images=1)
    with pytest.raises(SettingError, match=r"schedule\.images: expected 2 or more"):
        train(single, tmp_path / "run", device="auto", say=silent)
    classes = dataclasses.replace(single.losses, triplet=0.0, parts=0.0, stripes=0.0)
    train(dataclasses.replace(single, losses=classes), tmp_path / "run", device="auto", say=silent)


def test_learning_rate_rises_and_falls() -> None:
    schedule = ScheduleConfig(steps=100, warmup=0.1, learning_rate=1.0, final_learning_rate=0.0)
    rates = [learning_rate(step, schedule) for step in range(100)]
    assert np.argmax(rates) in (9, 10)
    assert rates[0] == pytest.approx(0.1)
    assert rates[-1] < 0.01


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"scedule": {}}, "did you mean schedule"),
        ({"schedule": {"step": 3}}, r"did you mean schedule\.steps"),
        ({"schedule": {"steps": "many"}}, "expected int"),
        ({"losses": 3}, "expected a table"),
        ({"schedule": {"steps": 0}}, r"schedule\.steps: expected 1 or more"),
        ({"schedule": {"identities": 0}}, r"schedule\.identities: expected 1 or more"),
        ({"schedule": {"images": 0}}, r"schedule\.images: expected 1 or more"),
        ({"schedule": {"small_height": 100}}, r"small_height, small_width: .* multiples of 16, got \(100, 48\)"),
        ({"augmentation": {"noise_most": 0.5}}, r"augmentation\.noise_most: expected 1\.0 or more"),
        ({"augmentation": {"cut_most": 0.05}}, r"augmentation\.cut_most: expected 0\.1 or more"),
        ({"augmentation": {"cover": 0.3, "cover_most": 0.0}}, r"augmentation\.cover_most: expected 0\.1 or more"),
        ({"augmentation": {"erase": 0.0, "patch_most": 0.0}}, r"augmentation\.patch_most: expected 0\.05 or more"),
        ({"losses": dict.fromkeys(("classification", "triplet", "parts", "stripes"), 0.0)}, "losses: expected a term"),
        ({"losses": {"temperature": 0.0}}, r"losses\.temperature: expected more than 0"),
    ],
)
def test_recipes_with_mistakes(values: dict, message: str) -> None:
    with pytest.raises(SettingError, match=message):
        Recipe.from_dict(values)


def test_recipe_survives_the_way_through_a_card() -> None:
    one = Recipe.from_dict({"network": NETWORK, "schedule": {"steps": 7}})
    assert Recipe.from_dict(one.to_dict()) == one


def test_broken_sets_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no shard"):
        ShardSet(tmp_path)
    folder = write_set(tmp_path / "set", identities=2, per_identity=2)
    np.save(folder / "shard-00000" / "camera.npy", np.zeros(99, np.int16))
    with pytest.raises(InputError, match="different lengths"):
        ShardSet(folder)
    (folder / "shard-00000" / "camera.npy").unlink()
    with pytest.raises(InputError, match=r"camera\.npy"):
        ShardSet(folder)
    (folder / "dataset.json").unlink()
    with pytest.raises(InputError, match=r"dataset\.json|camera"):
        ShardSet(folder)


def test_a_set_without_a_gallery_is_refused(tmp_path: Path, embedder: Embedder) -> None:
    folder = write_set(tmp_path / "set", identities=2, per_identity=1)
    with pytest.raises(InputError, match="no gallery"):
        evaluate_shards(embedder, folder)


def test_train_export_evaluate_embed(crops: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    toml = tmp_path / "recipe.toml"
    network = "\n".join(f"{name} = {value}" for name, value in NETWORK.items())
    toml.write_text(
        f'name = "tiny"\n[data]\ntrain = "{crops}"\n[network]\n{network}\n'
        "[schedule]\nsteps = 2\nidentities = 4\nimages = 2\nthreads = 1\n"
    )
    assert main(["train", str(toml), "--output", str(tmp_path / "run")]) == 0
    weights = tmp_path / "weights"
    assert main(["export", str(toml), "--checkpoint", str(tmp_path / "run"), "--output", str(weights), "--onnx"]) == 0
    assert {path.name for path in weights.iterdir()} >= {"reid.onnx", "reid.xml", "weights.json"}
    assert "onnx_least_cosine" in json.loads((weights / "weights.json").read_text())["scores"]
    common = ["--weights", str(weights), "--device", "cpu", "--threads", "1"]
    assert main(["evaluate", str(crops), *common]) == 0
    assert "fused" in capsys.readouterr().out
    photos = tmp_path / "photos"
    photos.mkdir()
    samples = ShardSet(crops)
    for row in range(8):
        name = f"{samples.identity[row]:04d}_c{samples.camera[row]}s1_{row:06d}_00.png"
        cv2.imwrite(str(photos / name), samples[row].image)
    assert len(market_folder(photos)) == 8
    assert main(["evaluate", str(photos), *common]) == 0
    assert main(["embed", str(photos), "--output", str(tmp_path / "e.npz"), *common]) == 0
    with np.load(tmp_path / "e.npz") as saved:
        assert saved["embedding"].shape == (8, 32)
        assert saved["name"].tolist() == sorted(path.name for path in photos.iterdir())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["train", "missing.toml", "--output", "out"], 3),
        (["embed", "missing", "--output", "e.npz"], 3),
        (["embed", "missing", "--output", "e.txt"], 2),
    ],
)
def test_exit_codes(arguments: list[str], code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [str(tmp_path / a) if a.endswith(("toml", "missing", "npz", "txt", "out")) else a for a in arguments]
    assert main(arguments) == code
    assert "error: " in capsys.readouterr().err
