"""Track people through a folder of videos: `python run_pipeline.py --videos DIR`. See --help."""

from pipeline.command import entry

if __name__ == "__main__":
    entry()
