"""How fast, how good, against whom; results as committed JSON in results/."""
