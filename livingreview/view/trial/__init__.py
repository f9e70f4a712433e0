"""The page of a trial: what it was, every number read in it, and where each number counts."""
