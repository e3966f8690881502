"""Training from a TOML recipe: sampling, augmentation, the loop, checkpoints."""
