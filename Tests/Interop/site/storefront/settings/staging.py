"""The rehearsal of the shop; shares ADMINS with production, as rehearsals do."""
from .base import *  # noqa: F403
