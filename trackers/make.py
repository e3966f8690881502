"""Trackers by name."""

from difflib import get_close_matches

from core.errors import SettingError
from trackers.base import Tracker, TrackerConfig
from trackers.botsort import BotSort
from trackers.bytetrack import ByteTrack
from trackers.config import BotSortConfig, ByteTrackConfig, DefaultConfig, OcSortConfig, SortConfig
from trackers.default import DefaultTracker
from trackers.ocsort import OcSort
from trackers.sort import Sort

KINDS: dict[str, tuple[type[Tracker], type]] = {
    "default": (DefaultTracker, DefaultConfig),
    "sort": (Sort, SortConfig),
    "bytetrack": (ByteTrack, ByteTrackConfig),
    "ocsort": (OcSort, OcSortConfig),
    "botsort": (BotSort, BotSortConfig),
}
NAMES = tuple(KINDS)
CONFIGS: dict[str, type] = {name: config for name, (_, config) in KINDS.items()}


def make(name: str = "default", config: TrackerConfig | None = None) -> Tracker:
    """A new tracker of that name with its defaults, or with a `config` of the class `CONFIGS[name]`.

    Raises SettingError for a name or a config that does not belong.
    """
    if name not in KINDS:
        near = get_close_matches(name, NAMES, 1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise SettingError(f"tracker: expected one of {', '.join(NAMES)}, got {name!r}{hint}")
    kind, config_kind = KINDS[name]
    if config is not None and not isinstance(config, config_kind):
        raise SettingError(f"tracker {name!r}: expected a {config_kind.__name__}, got {type(config).__name__}")
    return kind(config if config is not None else config_kind())
