"""verify, search, cluster, visualise and calibrate as a user calls them."""

import json
import shutil
from pathlib import Path

import cv2
import numpy as np

from reid.__main__ import main
from reid.calibration import FILE, Calibration
from reid.embedder import Embedder
from tests.reid.fake_crops import write_set


def call(*arguments: object) -> int:
    return main([str(one) for one in arguments])


def options(weights: Path) -> tuple[object, ...]:
    return ("--weights", weights, "--device", "cpu", "--threads", 1)


def test_verify_says_same_of_a_copy(photos, weights, capsys) -> None:
    picture = photos / "0000_c0.png"
    assert call("verify", picture, picture, "--crops", "--json", *options(weights)) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["verdict"] == "same"
    assert answer["probability"] > 0.95
    assert 0 < answer["evidence"] <= 1


def test_verify_says_unknown_on_too_little(weights, tmp_path, capsys) -> None:
    cv2.imwrite(str(tmp_path / "speck.png"), np.full((3, 2, 3), 128, np.uint8))
    assert call("verify", tmp_path / "speck.png", tmp_path / "speck.png", "--crops", *options(weights)) == 0
    assert "unknown: too little evidence" in capsys.readouterr().out


def test_a_picture_without_a_person_or_pixels_is_refused(weights, tmp_path, photos, capsys) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), np.full((200, 300, 3), 128, np.uint8))
    assert call("verify", tmp_path / "grey.png", photos / "0000_c0.png", *options(weights)) == 3
    assert "no person found" in capsys.readouterr().err
    (tmp_path / "broken.jpg").write_bytes(b"not a picture")
    assert call("verify", tmp_path / "broken.jpg", tmp_path / "grey.png", *options(weights)) == 3
    assert "broken.jpg: cannot be read" in capsys.readouterr().err


def test_verify_without_a_calibration_names_the_command(weights_folder, photos, capsys) -> None:
    picture = photos / "0000_c0.png"
    assert call("verify", picture, picture, "--crops", *options(weights_folder)) == 3
    assert "python -m reid calibrate" in capsys.readouterr().err


def test_cluster_puts_copies_into_one_folder(photos, colour_weights, tmp_path) -> None:
    output = tmp_path / "people"
    assert call("cluster", photos, "--crops", "--output", output, "--distance", 0.05, *options(colour_weights)) == 0
    rows = json.loads((output / "clusters.json").read_text())
    groups = {frozenset(row["photo"] for row in rows if row["person"] == number) for number in (1, 2, 3)}
    assert groups == {frozenset(f"{who:04d}_c{number}.png" for number in range(3)) for who in range(3)}
    assert all((output / row["crop"]).is_file() for row in rows)


def test_cluster_leaves_out_what_it_cannot_read_and_says_so(photos, weights, tmp_path, capsys) -> None:
    folder = tmp_path / "photos"
    shutil.copytree(photos, folder)
    (folder / "broken.jpg").write_bytes(b"")
    cv2.imwrite(str(folder / "speck.png"), np.full((3, 2, 3), 128, np.uint8))
    assert call("cluster", folder, "--crops", "--output", tmp_path / "out", *options(weights)) == 0
    assert "left out" in capsys.readouterr().out
    assert (tmp_path / "out" / "unsure" / "speck-png.jpg").is_file()


def test_cluster_refuses_an_empty_folder_and_a_full_output(photos, weights, tmp_path, capsys) -> None:
    (tmp_path / "empty").mkdir()
    assert call("cluster", tmp_path / "empty", "--output", tmp_path / "out", *options(weights)) == 3
    assert "no pictures" in capsys.readouterr().err
    assert call("cluster", photos, "--output", photos, *options(weights)) == 2
    assert "empty folder" in capsys.readouterr().err


def test_search_finds_the_person_in_the_video_it_was_cut_from(run_folder, weights, tmp_path, capsys) -> None:
    found = tmp_path / "found"
    frame = tmp_path / "frame.png"
    video = next((run_folder / "videos").glob("*.mp4"))
    _, image = cv2.VideoCapture(str(video)).read()
    cv2.imwrite(str(frame), image)
    assert call("search", frame, "--run", run_folder / "out", "--output", found, "--top", 3, *options(weights)) == 0
    hits = json.loads((found / "hits.json").read_text())
    assert video.stem in capsys.readouterr().out
    assert hits[0]["camera"] == video.stem
    assert hits[0]["identity"] is not None
    assert (np.diff([hit["distance"] for hit in hits]) >= 0).all()
    assert (found / hits[0]["crop"]).is_file()
    assert (found / "overview.png").is_file()


def test_search_without_the_video_still_gives_the_hits(run_folder, weights, tmp_path, photos, capsys) -> None:
    copy = tmp_path / "out"
    shutil.copytree(run_folder / "out", copy)
    about = json.loads((copy / "run.json").read_text())
    about["cameras"][0]["source"] = "/nowhere/cam.mp4"
    (copy / "run.json").write_text(json.dumps(about))
    assert call("search", photos / "0000_c0.png", "--crops", "--run", copy, *options(weights)) == 0
    assert "is gone" in capsys.readouterr().out
    hits = json.loads((copy / "search" / "0000_c0" / "hits.json").read_text())
    assert hits
    assert all(hit["crop"] is None for hit in hits)


def test_search_takes_the_descriptors_of_the_run_not_those_of_another_network(
    run_folder, weights, tmp_path, photos, capsys
) -> None:
    copy = tmp_path / "out"
    shutil.copytree(run_folder / "out", copy)
    (artifact,) = (copy / "work").glob("*.npz")
    with np.load(artifact) as arrays:
        other = dict(arrays)
    other["descriptor_global_"] = other["descriptor_global_"][:, ::2]
    np.savez(copy / "work" / f"{artifact.name.split('.')[0]}.0000000000000000.npz", **other)
    assert call("search", photos / "0000_c0.png", "--crops", "--run", copy, *options(weights)) == 0


def test_search_refuses_what_is_no_run(run_folder, weights, weights_folder, tmp_path, photos, capsys) -> None:
    picture = photos / "0000_c0.png"
    assert call("search", picture, "--crops", "--run", tmp_path, *options(weights)) == 3
    assert "not a finished run" in capsys.readouterr().err
    copy = tmp_path / "out"
    shutil.copytree(run_folder / "out", copy)
    shutil.rmtree(copy / "work")
    assert call("search", picture, "--crops", "--run", copy, *options(weights)) == 3
    assert "no descriptors" in capsys.readouterr().err
    (copy / "tracks.json").unlink()
    assert call("search", picture, "--crops", "--run", copy, *options(weights)) == 3
    assert "no tracks.json" in capsys.readouterr().err
    about = json.loads((copy / "run.json").read_text())
    about["networks"]["reid"] = "another"
    (copy / "run.json").write_text(json.dumps(about))
    shutil.copy(run_folder / "out" / "tracks.json", copy)
    shutil.copytree(run_folder / "out" / "work", copy / "work")
    assert call("search", picture, "--crops", "--run", copy, *options(weights)) == 2
    assert "made with another" in capsys.readouterr().err


def test_visualise_draws_masks_and_rankings(photos, weights, tmp_path, capsys) -> None:
    some = [photos / f"{who:04d}_c0.png" for who in range(2)]
    masks, ranking = tmp_path / "masks.png", tmp_path / "ranking.png"
    assert call("visualise", *some, "--crops", "--output", masks, *options(weights)) == 0
    assert call("visualise", *some, "--crops", "--gallery", photos, "--output", ranking, *options(weights)) == 0
    assert cv2.imread(str(masks)).shape[0] == cv2.imread(str(ranking)).shape[0]
    assert call("visualise", *some, "--crops", "--output", tmp_path / "x.jpg", *options(weights)) == 2


def test_embed_distances_is_the_fused_distance_of_every_picture(photos, weights, tmp_path) -> None:
    assert call("embed", photos, "--distances", "--output", tmp_path / "d.npz", *options(weights)) == 0
    with np.load(tmp_path / "d.npz") as found:
        assert found["name"].tolist() == sorted(path.name for path in photos.iterdir())
        assert found["distance"].shape == (9, 9)
        np.testing.assert_allclose(found["distance"], found["distance"].T, atol=1e-5)


def test_calibrate_writes_what_verify_reads(weights_folder, tmp_path, capsys) -> None:
    folder = tmp_path / "weights"
    shutil.copytree(weights_folder, folder)
    crops = write_set(tmp_path / "crops", identities=48, per_identity=4, height=48)
    assert call("calibrate", crops, *options(folder)) == 0
    assert "expected calibration error" in capsys.readouterr().out
    values = json.loads((folder / FILE).read_text())
    assert values["scores"]["people"] == 48
    Calibration.read(folder, Embedder.open(folder, "cpu", 1).identifier)
