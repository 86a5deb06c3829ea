"""What runs on the user's computer."""

from .capture import open_capture
from .live import listen

__all__ = ["listen", "open_capture"]
