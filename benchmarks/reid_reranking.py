"""k-reciprocal re-ranking at the size of Market-1501: time, memory, and agreement with the paper's sets.

    python -m benchmarks.reid_reranking [--queries 3368] [--gallery 15913]

Features are random but clustered. A process of its own re-ranks; then a transcription with Python sets and dense rows
gives the exact values of some queries against the whole gallery.
"""

import multiprocessing
import resource
import tempfile
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from benchmarks.record import write_result
from reid.reranking import RerankingConfig, k_reciprocal

DEPTH, PER_IDENTITY = 256, 13


def features(queries: int, gallery: int) -> np.ndarray:
    """Unit vectors (Q + G, 256) float32 around shared centres."""
    rng = np.random.default_rng(0)
    count = queries + gallery
    centres = rng.standard_normal((max(1, count // PER_IDENTITY), DEPTH)).astype(np.float32)
    x = centres[rng.integers(0, len(centres), count)] + rng.standard_normal((count, DEPTH)).astype(np.float32)
    return np.asarray(x / np.linalg.norm(x, axis=1, keepdims=True), np.float32)


def main(
    queries: Annotated[int, typer.Option(help="Market-1501 has 3,368.")] = 3368,
    gallery: Annotated[int, typer.Option(help="Market-1501 has 15,913.")] = 15913,
    checked: Annotated[int, typer.Option(help="Queries compared with the dense result.")] = 8,
) -> None:
    """Measure, check, write the result."""
    rows = np.linspace(0, queries - 1, min(checked, queries)).astype(int)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.npz"
        process = multiprocessing.get_context("spawn").Process(target=_measured, args=(queries, gallery, rows, path))
        process.start()
        process.join()
        if process.exitcode:
            raise SystemExit(f"the re-ranking process ended with {process.exitcode}")
        with np.load(path) as found:
            result = {name: found[name] for name in found.files}
    worst = float(np.abs(result["rows"] - dense_rows(features(queries, gallery), queries, rows)).max())
    content = {
        "queries": queries,
        "gallery": gallery,
        "depth": DEPTH,
        "seconds": round(float(result["seconds"]), 1),
        "peak_gb": round(float(result["peak_gb"]), 2),
        "checked_queries": len(rows),
        "largest_difference": worst,
    }
    for name, value in content.items():
        typer.echo(f"{name}: {value}")
    typer.echo(f"written to {write_result('reid_reranking', content)}")


def dense_rows(x: np.ndarray, queries: int, rows: np.ndarray, config: RerankingConfig | None = None) -> np.ndarray:
    """The paper's distance of some queries to the whole gallery, with sets and without any sparse product."""
    config = config or RerankingConfig()
    k1, half = config.neighbours, int(np.around(config.neighbours / 2))
    order = np.empty((len(x), k1 + 1), np.int64)
    for first in range(0, len(x), 512):
        block = _squared(x[first : first + 512], x)
        own = np.arange(len(block))
        block[own, own + first] = -1
        order[first : first + 512] = np.argsort(block, axis=1, kind="stable")[:, : k1 + 1]
    members = [_reciprocal(order, p, k1) for p in range(len(x))]
    halves = [_reciprocal(order, p, half) for p in range(len(x))]
    encoding = np.zeros((len(x), len(x)), np.float32)
    for p, base in enumerate(members):
        joined = set(base)
        for q in base:
            if 3 * len(base & halves[q]) >= 2 * len(halves[q]):
                joined |= halves[q]
        chosen = np.array(sorted(joined))
        weight = np.exp(-_squared(x[p : p + 1], x[chosen])[0])
        encoding[p, chosen] = weight / weight.sum()
    result = np.empty((len(rows), len(x) - queries), np.float32)
    averaged = {row: encoding[order[row, : config.expansion]].mean(0) for row in rows.tolist()}
    for g in range(queries, len(x)):
        other = encoding[order[g, : config.expansion]].mean(0)
        for place, row in enumerate(rows.tolist()):
            least = float(np.minimum(averaged[row], other).sum(dtype=np.float64))
            result[place, g - queries] = 1 - least / (2 - least)  # both sum to 1, so Σ max = 2 − Σ min
    share = config.original_share
    return (1 - share) * result + share * _squared(x[rows], x[queries:])


def _reciprocal(order: np.ndarray, p: int, k: int) -> set[int]:
    return {int(q) for q in order[p, : k + 1] if p in order[q, : k + 1]}


def _squared(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * (a @ b.T), 0)


def _measured(queries: int, gallery: int, rows: np.ndarray, path: Path) -> None:
    x = features(queries, gallery)
    begin = time.perf_counter()
    found = k_reciprocal(x[:queries], x[queries:])
    seconds = time.perf_counter() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20  # kB on Linux
    np.savez(path, rows=found[rows], seconds=seconds, peak_gb=peak)


if __name__ == "__main__":
    typer.run(main)
