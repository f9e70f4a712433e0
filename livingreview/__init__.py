"""A living systematic review: curated study data in, recomputed and traceable results out."""

__version__ = "0.1.0"
