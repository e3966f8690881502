"""Uses of ReID that need the detector, a video or a finished run: `python -m reid verify`, `search`, `cluster` …"""
