"""Writers of everything a run leaves behind: tracks, annotated videos, MOTChallenge text, Parquet; and their check."""
