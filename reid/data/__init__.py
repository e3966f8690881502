"""Where training and evaluation crops come from."""
