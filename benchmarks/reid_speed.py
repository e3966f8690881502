"""Crops a second of the bundled ReID network, parts included, beside the OpenVINO models of its kind.

    python -m benchmarks.reid_speed

All under OpenVINO on all cores, BATCH crops a request, several requests at a time, in turns. Crops are noise of the
network's input size; for ours part masks are made from keypoints and the quality is judged as in the pipeline.
"""

import statistics
import time
from collections.abc import Callable

import numpy as np

from benchmarks.realism.__main__ import JUDGES
from benchmarks.record import write_result
from core.quiet import hush
from reid.embedder import Embedder

hush()

import openvino as ov  # noqa: E402

CROPS, BATCH, ROUNDS = 512, 8, 5
PEERS = (
    "person-reidentification-retail-0277",
    "person-reidentification-retail-0287",
    "person-reidentification-retail-0288",
)


def ours() -> Callable[[], None]:
    """Embeds CROPS crops with keypoints."""
    rng = np.random.default_rng(0)
    embedder = Embedder.open("bundled", "cpu")
    size = (embedder.input_height, embedder.input_width)
    crops = list(rng.integers(0, 256, (CROPS, *size, 3), np.uint8))
    keypoints = np.concatenate([rng.uniform(0, 1, (CROPS, 17, 2)) * size[::-1], np.ones((CROPS, 17, 1))], 2)
    return lambda: embedder.embed(crops, keypoints.astype(np.float32)) and None


def peer(name: str) -> Callable[[], None]:
    """Runs CROPS crops through an Open Model Zoo network."""
    core = ov.Core()
    model = core.read_model(JUDGES / f"{name}.xml")
    ov.set_batch(model, BATCH)
    network = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
    pictures = np.random.default_rng(0).random(tuple(network.input(0).shape), np.float32) * 255
    queue = ov.AsyncInferQueue(network)

    def run() -> None:
        for _ in range(CROPS // BATCH):
            queue.start_async({0: pictures})
        queue.wait_all()

    return run


def main() -> None:
    """Measure and write results/reid_speed.json."""
    networks = {"bundled": ours()} | {name: peer(name) for name in PEERS if (JUDGES / f"{name}.xml").exists()}
    spent: dict[str, list[float]] = {name: [] for name in networks}
    for work in networks.values():
        work()
    for _ in range(ROUNDS):
        for name, work in networks.items():
            begin = time.perf_counter()
            work()
            spent[name].append(time.perf_counter() - begin)
    rates = {name: round(CROPS / statistics.median(values), 1) for name, values in spent.items()}
    for name, rate in rates.items():
        print(f"{name}: {rate} crops a second, {rates['bundled'] / rate:.2f} times as fast is ours")
    print(f"written to {write_result('reid_speed', {'crops_per_s': rates})}")


if __name__ == "__main__":
    main()
