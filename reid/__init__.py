"""One crop or one gallery: networks, part alignment, losses, training, distances and re-ranking."""
