"""Which pairs of a batch teach: from a distance matrix and identities to one positive and one negative per anchor."""
