"""`python -m reid train | average | fit | export | int8 | calibrate | attributes | evaluate | embed | verify | search`
and `describe | cluster | visualise`.

A program, not a part of the library: like run_pipeline.py it stands above `pipeline`, which holds the commands that
need the detector or a video. Nothing imports this module.
"""

import argparse
import io
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.errors import ThroughlineError, UsageError
from pipeline.people.command import add_commands, save_arrays, save_distances


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the exit code: 0, 2 usage, 3 input."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # the name of a file need not be text
    try:
        options.run(options)
    except UsageError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except (ThroughlineError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("stopped" + ("; run the same command again to go on" if options.goes_on else ""), file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reid", description="Train, score and use ReID networks.")
    parser.set_defaults(goes_on=False)
    commands = parser.add_subparsers(required=True, metavar="command")
    train = commands.add_parser("train", help="train a network by a TOML recipe, or go on with one")
    train.add_argument("recipe", type=Path)
    train.add_argument("--output", type=Path, required=True, help="folder of checkpoints and logs")
    train.add_argument("--device", default="cpu")
    train.set_defaults(run=_train, goes_on=True)
    average = commands.add_parser("average", help="the mean of trainings that went on from the same one")
    average.add_argument("recipe", type=Path, help="of one of them; its data give the statistics")
    average.add_argument("trainings", type=Path, nargs="+", help="folders that `train` wrote to")
    average.add_argument("--output", type=Path, required=True, help="a folder for `fit`, `export` and `begin_with`")
    average.set_defaults(run=_average)
    fit = commands.add_parser("fit", help="fit a head in closed form, on trunks trained or with nothing to learn")
    fit.add_argument("recipe", type=Path)
    fit.add_argument("--output", type=Path, required=True, help="a folder that the pipeline opens")
    fit.set_defaults(run=_fit)
    export = commands.add_parser("export", help="a checkpoint as a folder that the pipeline opens")
    export.add_argument("recipe", type=Path)
    export.add_argument("--checkpoint", type=Path, required=True, help="the folder `train` wrote to")
    export.add_argument("--output", type=Path, required=True)
    export.add_argument("--onnx", action="store_true", help="reid.onnx too, checked with ONNX Runtime")
    export.set_defaults(run=_export)
    int8 = commands.add_parser("int8", help="an exported network in 8-bit integers, in place: faster on CPUs")
    int8.add_argument("weights", type=Path, help="a folder that `export` or `fit` wrote")
    int8.add_argument("--calibration", type=Path, required=True, help="shards of `python -m synth crops`")
    int8.set_defaults(run=_int8)
    evaluate = commands.add_parser("evaluate", help="rank-1, mAP and mINP on shards or on a folder of pictures")
    evaluate.add_argument("data", type=Path)
    evaluate.add_argument(
        "--no-keypoints", action="store_true", help="as if the detector gave boxes only; pictures never have any"
    )
    evaluate.add_argument("--re-rank", action="store_true", help="scores with k-reciprocal re-ranking too")
    evaluate.add_argument(
        "--expand-queries", type=int, default=0, metavar="N", help="scores of queries joined by their N nearest too"
    )
    evaluate.set_defaults(run=_evaluate)
    embed = commands.add_parser("embed", help="global vectors of a folder of pictures")
    embed.add_argument("folder", type=Path)
    embed.add_argument("--output", type=Path, required=True, help="an .npz with arrays `name` and `embedding`")
    embed.add_argument("--distances", action="store_true", help="arrays `name` and `distance`, the full fused distance")
    embed.set_defaults(run=_embed)
    for command in (evaluate, embed):
        command.add_argument("--weights", default="bundled", help="a folder that `export` wrote")
        command.add_argument("--device", default="auto")
        command.add_argument("--threads", type=int, default=0)
    add_commands(commands)
    return parser


def _train(options: argparse.Namespace) -> None:
    from reid.training.loop import train
    from reid.training.recipe import Recipe

    train(Recipe.read(options.recipe), options.output, options.device, lambda line: print(line, flush=True))


def _average(options: argparse.Namespace) -> None:
    from reid.training.averaging import average
    from reid.training.recipe import Recipe

    average(Recipe.read(options.recipe), options.trainings, options.output)
    print(f"{options.output}: the mean of {', '.join(str(folder) for folder in options.trainings)}")


def _fit(options: argparse.Namespace) -> None:
    from reid.export import export_network
    from reid.training.closed_form import fit
    from reid.training.recipe import Recipe

    recipe = Recipe.read(options.recipe)
    network = fit(recipe, lambda line: print(line, flush=True))
    card = export_network(network, options.output, recipe.name, recipe.to_dict())
    print(f"{options.output}: {card.identifier}, parity {card.scores['parity_least_cosine']:.6f}")


def _export(options: argparse.Namespace) -> None:
    from reid.export import export_network
    from reid.training.checkpoint import load_trained
    from reid.training.recipe import Recipe

    recipe = Recipe.read(options.recipe)
    network, step = load_trained(options.checkpoint, recipe)
    scores = {}
    if options.onnx:
        from reid.onnx_export import export_onnx

        scores = export_onnx(network, options.output)
    card = export_network(network, options.output, recipe.name, recipe.to_dict() | {"trained_steps": step}, scores)
    print(f"{options.output}: {card.identifier}, parity {card.scores['parity_least_cosine']:.6f}")


def _int8(options: argparse.Namespace) -> None:
    from reid.data.shards import ShardSet
    from reid.int8 import quantize

    parity = quantize(options.weights, ShardSet(options.calibration))
    print(f"{options.weights}: cosine with the full network {parity.mean:.4f} in the mean, {parity.worst:.4f} at worst")


def _evaluate(options: argparse.Namespace) -> None:
    from reid.embedder import Embedder
    from reid.evaluation import read_trial, table
    from reid.refinement import RefinementConfig, refined_scores

    if options.expand_queries < 0:
        raise UsageError(f"--expand-queries: expected 0 or more gallery entries, got {options.expand_queries}")
    embedder = Embedder.open(options.weights, options.device, options.threads)
    trial = read_trial(embedder, options.data, not options.no_keypoints)
    scores = refined_scores(trial, RefinementConfig(options.re_rank, options.expand_queries))
    print(f"{embedder.identifier} on {options.data} ({trial.source})")
    if left_out := len(trial.query) - scores["global"].queries:
        print(f"left out {left_out} of {len(trial.query)} queries: no other camera saw their person")
    if trial.distractors:
        print(f"{trial.distractors} pictures are of nobody (identity 0): they are in the gallery alone")
    if not trial.shows_parts:
        print(f"no score of the parts: {_why_no_parts(options, embedder.network.parts)}")
    print("\n".join(table(scores)))


def _why_no_parts(options: argparse.Namespace, parts: int) -> str:
    from reid.data.shards import is_shards

    if not parts:
        return "the network has none"
    if is_shards(options.data):
        return "they need keypoints"
    return "they need keypoints, and pictures have none" + (", --no-keypoints or not" if options.no_keypoints else "")


def _embed(options: argparse.Namespace) -> None:
    from reid.data.folders import pictures
    from reid.embedder import Embedder
    from reid.evaluation import embed_pictures

    if options.output.suffix != ".npz":
        raise UsageError(f"--output: expected a name that ends in .npz, got {options.output}")
    if options.distances:
        save_distances(options)
        return
    paths = pictures(options.folder, print)
    found = embed_pictures(Embedder.open(options.weights, options.device, options.threads), paths)
    save_arrays(options.output, name=np.array([path.name for path in paths]), embedding=found.global_)


if __name__ == "__main__":
    sys.exit(main())
