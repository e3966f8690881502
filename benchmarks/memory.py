"""Memory of the main job against the length of the video: one clip as it is, and looped.

    python -m benchmarks.memory [CLIP] [--times 10]

Each run is a process of its own whose resident memory is sampled; it must not grow with the length.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import av
import psutil
import typer

from benchmarks.record import write_result

ROOT = Path(__file__).resolve().parents[1]
CLIP = ROOT.parent / "shared" / "data" / "videos" / "intel-one-by-one" / "cam01.mp4"
SAMPLE_EVERY_S = 0.1


def loop(clip: Path, times: int, output: Path) -> None:
    """Copy the packets of `clip` `times` times one after another, without encoding them again."""
    with av.open(str(output), "w") as target:
        written, shift = None, 0
        for _ in range(times):
            with av.open(str(clip)) as source:
                video = source.streams.video[0]
                written = written or target.add_stream_from_template(video)
                begin, end = None, 0
                for packet in source.demux(video):
                    if packet.dts is None:
                        continue
                    begin = packet.dts if begin is None else begin  # below 0 where pictures are reordered
                    end = max(end, packet.dts + (packet.duration or 0))
                    packet.dts, packet.pts, packet.stream = packet.dts + shift, (packet.pts or 0) + shift, written
                    target.mux(packet)
                shift += end - (begin or 0)


def peak_memory(videos: Path, output: Path) -> tuple[float, float]:
    """Highest resident memory (MB) of the main job and its children, and the seconds it took."""
    begin = time.perf_counter()
    command = [sys.executable, "run_pipeline.py", "--videos", str(videos), "--output", str(output), "--workers", "1"]
    process = psutil.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        try:
            family = [process, *process.children(recursive=True)]
            peak = max(peak, sum(member.memory_info().rss for member in family))
        except psutil.Error:
            break
        time.sleep(SAMPLE_EVERY_S)
    if process.wait() != 0:
        raise SystemExit(f"the run on {videos} failed with {process.returncode}")
    return peak / 2**20, time.perf_counter() - begin


def main(
    clip: Annotated[Path, typer.Argument(help="A video.")] = CLIP,
    times: Annotated[int, typer.Option(help="How often the clip is repeated.")] = 10,
) -> None:
    """Compare the memory of a clip with that of the same clip looped."""
    rows = {}
    with tempfile.TemporaryDirectory() as scratch:
        for count in (1, times):
            folder = Path(scratch) / f"videos{count}"
            folder.mkdir()
            loop(clip, count, folder / "cam01.mp4")
            memory, seconds = peak_memory(folder, Path(scratch) / f"out{count}")
            rows[f"{count}x"] = {"peak_mb": round(memory, 1), "seconds": round(seconds, 1)}
            typer.echo(f"{clip.name} × {count}: {memory:.0f} MB at most, {seconds:.0f} s")
    ratio = rows[f"{times}x"]["peak_mb"] / rows["1x"]["peak_mb"]
    typer.echo(f"ratio {ratio:.2f}; written to {write_result('memory', {'clip': clip.parent.name, **rows})}")


if __name__ == "__main__":
    typer.run(main)
