"""Shared by all tests: caches go to build/test-cache, and the short scene is made once."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Before anything of ours is imported: no test may touch the user's cache or settings.
os.environ["THROUGHLINE_CACHE"] = str(Path(__file__).resolve().parents[1] / "build" / "test-cache")
os.environ["YOLO_CONFIG_DIR"] = os.environ["THROUGHLINE_CACHE"]

from core.quiet import hush

hush()

# The same examples every time: whether a change may land must not hang on luck. To look for others:
# HYPOTHESIS_PROFILE=default pytest.
settings.register_profile("same", derandomize=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real material beside the project; tests that need it skip where it is absent."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is not here: this test needs real material that is not part of the project")
    return SHARED


@pytest.fixture(scope="session")
def short_scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three cameras, two seconds of the demo scene."""
    from tests.support.scene import write_short_scene

    return write_short_scene(tmp_path_factory.mktemp("scene") / "videos")
