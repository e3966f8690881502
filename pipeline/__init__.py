"""The stages in order, and all that touches files, processes and clocks."""
