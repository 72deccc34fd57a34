"""How often one browser or address may knock. In Valkey, and in memory while that is away."""

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(get_remote_address, strategy="fixed-window")
