"""Whether the house is well: each part asked directly, none waited for longer than a second."""

from datetime import datetime
from typing import Any

from redis import Redis
from redis.exceptions import RedisError

from engine import wire
from engine.clock import now
from engine.queries import people
from engine.queries.ledger import oldest_unannounced
from web.transaction import reading

GATEWAY_SILENT_S = 10
WORKERS = "rq:workers"


def health(redis_url: str) -> dict[str, Any]:
    """`down` only when the database cannot be read; `degraded` when anything else is missing or late."""
    moment = now()
    try:
        with reading() as db:
            people.house(db)
            oldest = oldest_unannounced(db)
    except Exception:
        return {
            "status": "down",
            "database": "down",
            "redis": "unknown",
            "gateways": 0,
            "workers": 0,
            "relay_lag_s": None,
        }
    lag = round((moment - oldest).total_seconds(), 1) if oldest else 0.0
    redis, gateways, workers = _ask_redis(redis_url, moment)
    well = redis == "ok" and gateways > 0 and workers > 0 and lag < 60
    return {
        "status": "ok" if well else "degraded",
        "database": "ok",
        "redis": redis,
        "gateways": gateways,
        "workers": workers,
        "relay_lag_s": lag,
    }


def _ask_redis(url: str, moment: datetime) -> tuple[str, int, int]:
    if not url:
        return "down", 0, 0
    try:
        with Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as redis:
            alive = moment.timestamp() - GATEWAY_SILENT_S
            return "ok", int(redis.zcount(wire.GATEWAYS, alive, "+inf")), int(redis.scard(WORKERS))
    except RedisError:
        return "down", 0, 0
