"""The database's history. `upgrade` brings any house to today's tables; it is run at every start."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine


def _config(bind: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["bind"] = bind
    return config


def upgrade(bind: Engine, revision: str = "head") -> None:
    command.upgrade(_config(bind), revision)


def downgrade(bind: Engine, revision: str) -> None:
    command.downgrade(_config(bind), revision)
