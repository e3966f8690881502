"""`python -m pipeline locate`: who stands where, from the boxes of calibrated cameras, without pictures."""

from pathlib import Path
from typing import Annotated

import typer

from core.errors import SettingError
from core.whole import whole_file
from pipeline.association.locate.config import LocateConfig
from pipeline.association.locate.scene import read_scene
from pipeline.association.locate.tracking import Located, locate

HEADER = "frame,identity,x_m,y_m"


def locate_folder(
    folder: Annotated[Path, typer.Argument(help="Folder with <camera>.det.txt: rows frame,id,x,y,w,h,score.")],
    output: Annotated[Path, typer.Option(help="CSV to write: frame, identity, x_m, y_m.")],
    cameras: Annotated[
        Path | None, typer.Option(help="JSON of 3 × 4 projections; cameras.json there or one folder up if not given.")
    ] = None,
    fps: Annotated[float, typer.Option(min=1e-3, help="Frames per second of the frame numbers.")] = 4.0,
    size: Annotated[str | None, typer.Option(help="Pictures' size, WIDTHxHEIGHT; as boxes reach if not given.")] = None,
    overrides: Annotated[list[str] | None, typer.Option("--set", help="locate.key=value, repeatable.")] = None,
) -> None:
    """Boxes of calibrated, synchronised cameras become identities with positions on the floor."""
    from pipeline.settings import override  # it reads the settings of the package above

    config = override(LocateConfig(), "locate", overrides or [])
    found = locate(read_scene(folder, cameras), fps, config, _size_px(size))
    _write(output, found)
    people = int(found.identities.max(initial=0))
    typer.echo(f"{people} identities, {len(found)} positions: {output}")


def _size_px(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    width, times, height = text.partition("x")
    if not (times and width.isdigit() and height.isdigit() and int(width) and int(height)):
        raise SettingError(f"--size: expected WIDTHxHEIGHT, for example 1920x1080, got {text!r}")
    return float(width), float(height)


def _write(path: Path, found: Located) -> None:
    rows = [
        f"{frame},{identity},{x:.4f},{y:.4f}"
        for frame, identity, (x, y) in zip(found.frames, found.identities, found.places_m, strict=True)
    ]
    with whole_file(path) as temporary:
        temporary.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
