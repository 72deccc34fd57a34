"""The database's history. `upgrade` brings any house to today's tables; it is run at every start."""

from pathlib import Path

from sqlalchemy import Engine, inspect, text

HEAD = "answers_sealed"
"""The newest of `versions/`."""


def upgrade(bind: Engine) -> None:
    if _revision(bind) != HEAD:
        _run("upgrade", bind, "head")


def downgrade(bind: Engine, revision: str) -> None:
    _run("downgrade", bind, revision)


def _revision(bind: Engine) -> str | None:
    if not inspect(bind).has_table("alembic_version"):
        return None
    with bind.connect() as connection:
        return connection.scalar(text("SELECT version_num FROM alembic_version"))


def _run(step: str, bind: Engine, revision: str) -> None:
    # Alembic takes half a second to import, of the few a start has; nearly all starts need nothing of it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["bind"] = bind
    getattr(command, step)(config, revision)
