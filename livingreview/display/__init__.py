"""Tables, figures and sentences made from results."""

from .chapter import Chapter

__all__ = ["Chapter"]
