"""How real our rendered people are to networks that were trained on real ones."""
