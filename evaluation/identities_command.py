"""`python -m evaluation identities`: one run, or a ladder of runs that shows which stage loses what."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from core.errors import UsageError
from evaluation.identities import IOU_OF_A_MATCH, CameraBoxes, IdentityScores, cross_camera_idf1, read_boxes


def identities(
    truth: Annotated[Path, typer.Argument(help="Folder with <camera>.txt, MOTChallenge rows; one id per person.")],
    runs: Annotated[list[Path], typer.Argument(help="Folders of runs, with mot/<camera>.txt; several are a ladder.")],
    min_visibility: Annotated[
        float, typer.Option(help="People less visible than this are ignored: neither required nor wrong.")
    ] = 0.25,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Cross-camera identity of a run over image boxes: IDF1 with one identity map for all cameras, HOTA, pairs.

    Of several runs, `true_tracks` and `true_boxes` of `python -m pipeline ladder` and one's own, one line each: what is
    lost from a line to the next is that stage's.
    """
    folders = [_read_folders(truth, run, min_visibility) for run in runs]
    scores = [cross_camera_idf1(true, found) for true, found in folders]
    if len(runs) == 1:
        typer.echo(json.dumps(asdict(scores[0]), indent=2) if as_json else _spell(scores[0], len(folders[0][0])))
    elif as_json:
        typer.echo(json.dumps({str(run): asdict(one) for run, one in zip(runs, scores, strict=True)}, indent=2))
    else:
        typer.echo(spell_ladder([run.name for run in runs], scores))


def _read_folders(
    truth: Path, run: Path, min_visibility: float
) -> tuple[dict[str, CameraBoxes], dict[str, CameraBoxes]]:
    true_paths, found_paths = sorted(truth.glob("*.txt")), sorted((run / "mot").glob("*.txt"))
    if not true_paths:
        raise UsageError(f"{truth}: holds no <camera>.txt; expected MOTChallenge rows, one file per camera")
    if not found_paths:
        raise UsageError(f"{run / 'mot'}: holds no <camera>.txt; expected the output folder of a run")
    if not {path.stem for path in true_paths} & {path.stem for path in found_paths}:
        raise UsageError(
            f"{truth} and {run / 'mot'} share no camera: {', '.join(path.stem for path in true_paths)} against "
            f"{', '.join(path.stem for path in found_paths)}"
        )
    true = {path.stem: read_boxes(path, min_visibility, truth=True) for path in true_paths}
    return true, {path.stem: read_boxes(path) for path in found_paths}


def _spell(scores: IdentityScores, cameras: int) -> str:
    hota = "HOTA: trackeval is not installed"
    if scores.hota is not None:
        hota = f"HOTA {scores.hota:.4f}   DetA {scores.deta:.4f}   AssA {scores.assa:.4f}"
    return (
        f"cross-camera identity over image boxes at IoU {IOU_OF_A_MATCH}, {cameras} cameras\n"
        f"IDF1 {scores.idf1:.4f}   IDP {scores.idp:.4f}   IDR {scores.idr:.4f}\n"
        f"{hota}\n"
        f"pairs of matched boxes in different cameras: precision {scores.pair_precision:.4f}   "
        f"recall {scores.pair_recall:.4f}   F1 {scores.pair_f1:.4f}\n"
        f"identities {scores.found_identities} found, {scores.true_identities} true;   "
        f"boxes {scores.found_boxes} found, {scores.true_boxes} true"
    )


def spell_ladder(names: Sequence[str], scores: Sequence[IdentityScores]) -> str:
    """One line per rung; `lost` is how much less IDF1 it has than the one above."""
    width = max(len(name) for name in names)
    head = f"cross-camera identity over image boxes at IoU {IOU_OF_A_MATCH}"
    lines = [head, f"{'':{width}s}   IDF1    lost    HOTA    pairs: precision recall"]
    above = scores[0].idf1
    for name, one in zip(names, scores, strict=True):
        hota = "   –  " if one.hota is None else f"{one.hota:.4f}"
        lines.append(
            f"{name:{width}s} {one.idf1:.4f} {above - one.idf1:7.4f}  {hota}           {one.pair_precision:.4f} "
            f"{one.pair_recall:.4f}"
        )
        above = one.idf1
    return "\n".join(lines)
