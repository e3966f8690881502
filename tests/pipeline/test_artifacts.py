"""The name of an artifact: another one for all that decides what is in it, the same one for all else."""

import ast
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline import artifacts
from pipeline.artifacts import MAKERS, ROOT, artifact_path, code_digest, sources_of
from pipeline.settings import RunConfig, Settings, resolve
from pipeline.video import CameraSource

NETWORKS = ("detector@1", "reid@1")
OURS = ("core", "trackers", "reid", "pipeline", "evaluation", "synth", "models")
# What makers may name without tracks hanging on it: settings are in the key by their values, drawing comes afterwards,
# progress is only shown, and a loss only teaches.
BESIDES = ("pipeline.settings", "pipeline.export", "pipeline.progress", "models.detector.loss")


@pytest.fixture
def source(tmp_path: Path) -> CameraSource:
    (tmp_path / "door.mp4").write_bytes(b"pictures")
    return CameraSource("door", tmp_path / "door.mp4")


def name_of(source: CameraSource, settings: Settings | None = None, networks=NETWORKS, device: str = "cpu") -> str:
    return artifact_path(Path("work"), source, settings or Settings(), networks, device).name


def test_what_decides_the_tracks_decides_the_name(source: CameraSource, tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "other.mp4").write_bytes(b"other pictures")
    names = [
        name_of(source),
        name_of(replace(source, path=tmp_path / "other.mp4")),
        name_of(source, networks=("detector@2", "reid@1")),
        name_of(source, device="cuda:1"),
        name_of(source, resolve(RunConfig(stride=2))),
        *(name_of(source, resolve(RunConfig(), [text])) for text in ("detect.score=0.3", "refine.split.least_crops=9")),
    ]
    monkeypatch.setattr(artifacts, "code_digest", lambda: "of other code")
    names.append(name_of(source))
    assert len(set(names)) == len(names)


def test_where_a_video_lies_and_what_is_done_with_the_tracks_does_not(source: CameraSource, tmp_path: Path) -> None:
    moved = tmp_path / "elsewhere" / "door.mp4"
    moved.parent.mkdir()
    moved.write_bytes(b"pictures")
    assert name_of(replace(source, path=moved)) == name_of(source)
    others = resolve(RunConfig(workers=3, outputs=("json",)), ["associate.caution=0.9", "export.qp=30"])
    assert name_of(source, others, device="cuda:0") == name_of(source, device="cuda:1")
    assert name_of(source, others) == name_of(source)


def test_cameras_of_the_same_bytes_and_beginning_have_their_own_names_of_a_bearable_length(source) -> None:
    long = [replace(source, id="ü" * 120 + ending) for ending in ("a", "b")]
    names = [name_of(one) for one in long]
    assert len(set(names)) == 2
    assert max(len(name.encode()) for name in names) < 200
    assert name_of(source).startswith("door.")


def test_other_code_gives_another_digest(tmp_path: Path) -> None:
    for maker in MAKERS:
        for file in sources_of(ROOT / maker):
            copy = tmp_path / "one" / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, copy)
    digest = code_digest(tmp_path / "one")
    assert code_digest(shutil.copytree(tmp_path / "one", tmp_path / "elsewhere")) == digest
    for edited in ("trackers/offline/join.py", "reid/embedder.py", "pipeline/crops.py"):
        other = shutil.copytree(tmp_path / "one", tmp_path / Path(edited).stem)
        with (other / edited).open("a") as file:
            file.write("EPSILON = 1e-6\n")
        assert code_digest(other) != digest, edited


def test_no_maker_builds_on_code_that_is_not_one() -> None:
    """Else a change of that code would go unnoticed."""
    makers = {file for maker in MAKERS for file in sources_of(ROOT / maker)}
    assert all(file.is_file() for file in makers)
    for file in makers:
        for module in imports_of(file):
            if module.split(".")[0] in OURS and not module.startswith(BESIDES):
                assert home_of(module) in makers | {ROOT / name / "__init__.py" for name in OURS}, (file, module)


def imports_of(file: Path) -> set[str]:
    """The modules that a file names, wherever in it; of `from a import b` both a and a.b."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def home_of(module: str) -> Path:
    """The file of a module, or of the one that holds what only looks like one."""
    path = ROOT.joinpath(*module.split("."))
    for file in (path / "__init__.py", path.with_suffix(".py")):
        if file.is_file():
            return file
    return home_of(module.rpartition(".")[0])
