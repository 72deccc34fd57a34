"""Everything a machine may set, in one place. The only module that reads the environment."""

import os
import secrets
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """One house on one machine. `data` holds the database, keys and files unless a variable names others."""

    data: Path
    database_url: str
    redis_url: str
    secret: bytes
    is_demo: bool = False
    web_port: int = 8000
    gateway_host: str = "127.0.0.1"
    gateway_port: int = 8001
    gateway_health_port: int = 8002
    gateway_public: str = ""
    """Where browsers reach the gateway (`wss://live.example`); empty where they reach its own port."""
    origins: tuple[str, ...] = ()
    proxies: int = 0
    """How many proxies stand in front and each add the address they were called from."""
    stream_hosts: tuple[str, ...] = ()
    """Where the video of a sitting may come from (`https://live.example`)."""
    max_viewers: int = 2000
    smtp_url: str | None = None
    public_url: str = "http://127.0.0.1:8000"

    @property
    def socket_url(self) -> str:
        return self.gateway_public or f"ws://{self.gateway_host}:{self.gateway_port}"

    def with_(self, **changes: object) -> "Settings":
        return replace(self, **changes)  # type: ignore[arg-type]


def load(data: Path | None = None) -> Settings:
    """From `XIESHANG_*` (and `REDIS_URL`, as everybody names it); `data` where it is given."""
    get = os.environ.get
    data = (data or Path(get("XIESHANG_DATA", "data"))).absolute()
    port = int(get("XIESHANG_PORT", "8000"))
    public_url = get("XIESHANG_PUBLIC_URL", f"http://127.0.0.1:{port}")
    return Settings(
        data=data,
        database_url=get("XIESHANG_DATABASE_URL", f"sqlite:///{data / 'xieshang.db'}"),
        redis_url=get("REDIS_URL", ""),
        secret=get("XIESHANG_SECRET", "").encode() or _kept_secret(data / "secret"),
        is_demo=get("XIESHANG_DEMO") == "1",
        web_port=port,
        gateway_host=get("XIESHANG_GATEWAY_HOST", "127.0.0.1"),
        gateway_port=int(get("XIESHANG_GATEWAY_PORT", str(port + 1))),
        gateway_health_port=int(get("XIESHANG_GATEWAY_HEALTH_PORT", str(port + 2))),
        gateway_public=get("XIESHANG_GATEWAY_URL", "").rstrip("/"),
        origins=tuple(get("XIESHANG_ORIGINS", f"{public_url} http://localhost:{port}").split()),
        proxies=int(get("XIESHANG_PROXIES", "0")),
        stream_hosts=tuple(get("XIESHANG_STREAM_HOSTS", "").split()),
        max_viewers=int(get("XIESHANG_MAX_VIEWERS", "2000")),
        smtp_url=get("XIESHANG_SMTP_URL"),
        public_url=public_url,
    )


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a child process that is to load the same settings."""
    mine = {
        "XIESHANG_DATA": str(settings.data),
        "XIESHANG_DATABASE_URL": settings.database_url,
        "REDIS_URL": settings.redis_url,
        "XIESHANG_DEMO": "1" if settings.is_demo else "0",
        "XIESHANG_PORT": str(settings.web_port),
        "XIESHANG_GATEWAY_HOST": settings.gateway_host,
        "XIESHANG_GATEWAY_PORT": str(settings.gateway_port),
        "XIESHANG_GATEWAY_HEALTH_PORT": str(settings.gateway_health_port),
        "XIESHANG_GATEWAY_URL": settings.gateway_public,
        "XIESHANG_ORIGINS": " ".join(settings.origins),
        "XIESHANG_PROXIES": str(settings.proxies),
        "XIESHANG_STREAM_HOSTS": " ".join(settings.stream_hosts),
        "XIESHANG_MAX_VIEWERS": str(settings.max_viewers),
        "XIESHANG_PUBLIC_URL": settings.public_url,
    }
    if settings.smtp_url:
        mine["XIESHANG_SMTP_URL"] = settings.smtp_url
    return os.environ | mine


def export(settings: Settings) -> None:
    """Makes them the settings of this process and of every one it starts."""
    os.environ.update(environment(settings))


def _kept_secret(path: Path) -> bytes:
    """The house's secret, made once and readable by its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_hex(32).encode())
    return path.read_bytes()
