"""Tower Anime: quality control of self-hosted anime production."""

__version__ = "0.1.0"
