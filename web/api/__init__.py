"""The JSON API under /api/v1: what the public may read, described by OpenAPI."""

from web.api import consultations, description, recommendations, sittings
from web.api.spec import api as pages

__all__ = ["consultations", "description", "pages", "recommendations", "sittings"]
