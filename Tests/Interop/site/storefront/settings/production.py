"""The shop that customers see."""
from .base import *  # noqa: F403
