"""What each kind of looks brings to a whole run on real video: the whole crop, with stripes, with parts, with all.

    python -m benchmarks.ablation

The cameras of pose2sim-multi are read once; then tracklets are associated with some shares of the distance set to 0,
and scored by ../shared/tools/score_identities.py.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import typer

from benchmarks.record import write_result
from core.types import Appearance
from pipeline.association import associate
from pipeline.association.looks import Looks
from pipeline.camera_tracks import CameraTracks
from pipeline.export import mot
from pipeline.read_cameras import CameraJob, read_cameras
from pipeline.result import RunResult
from pipeline.settings import Settings
from pipeline.tasks import open_engines
from pipeline.video import find_cameras
from reid.distance import DistanceConfig
from reid.tracklet import TrackletConfig, TrackletLooks

SHARED = Path(__file__).resolve().parents[2] / "shared"
VIDEOS = SHARED / "data" / "videos" / "pose2sim-multi"
SCORER = SHARED / "tools" / "score_identities.py"
STRIPES = 0.25  # where they have a share; in the bundled settings they have none
WHOLE = DistanceConfig(parts_share=0, stripes_share=0)
KINDS = {
    "global": WHOLE,
    "global + stripes": DistanceConfig(parts_share=0, stripes_share=STRIPES),
    "global + parts": DistanceConfig(stripes_share=0),
    "all": DistanceConfig(stripes_share=STRIPES),
}


def score(tracks: Sequence[CameraTracks], distance: DistanceConfig, settings: Settings) -> float:
    """IDF1 of the identities that come of `distance`."""

    def looks(appearances: Sequence[Appearance]) -> Looks:
        return TrackletLooks(appearances, TrackletConfig(distance=distance))

    cameras = [one.camera for one in tracks]
    tracklets = {tracklet.key: tracklet for one in tracks for tracklet in one.tracklets}
    appearances = {found.key: found for one in tracks for found in one.appearances}
    identities = associate(list(tracklets.values()), appearances, cameras, settings.associate, looks=looks)
    with tempfile.TemporaryDirectory() as folder:
        mot.write(Path(folder) / "mot", RunResult(cameras, tracklets, identities, {}))
        said = subprocess.run(
            [sys.executable, SCORER, VIDEOS / "identities.csv", folder], capture_output=True, text=True, check=True
        )
    found = re.search(r"IDF1 ([\d.]+)", said.stdout)
    assert found is not None, said.stdout
    return float(found[1])


def main() -> None:
    """Read, associate four times, print and write results/ablation.json."""
    if not VIDEOS.is_dir():
        typer.echo(f"{VIDEOS}: the videos are not here; nothing was measured.")
        raise typer.Exit(3)
    settings = Settings()
    engines = open_engines(settings, "cpu", 1)
    jobs = [CameraJob(source, source.id) for source in find_cameras(VIDEOS)]
    tracks = list(read_cameras(jobs, engines.detector, engines.embedder, settings, lambda _: None))
    rows = {name: score(tracks, distance, settings) for name, distance in KINDS.items()}
    for name, value in rows.items():
        typer.echo(f"{name}: IDF1 {value:.4f}")
    content = {"network": engines.embedder.identifier, "detector": engines.detector.identifier, "idf1": rows}
    typer.echo(f"written to {write_result('ablation', content)}")


if __name__ == "__main__":
    typer.run(main)
