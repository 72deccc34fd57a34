"""`xieshang web`: gunicorn with threads, which refuses what a proxy and a server would read differently."""

import argparse
import gc
import sys

from flask import Flask
from gunicorn.app.base import BaseApplication

from engine import settings
from web.app import create_app


class Server(BaseApplication):
    """gunicorn, configured here instead of in a file."""

    def __init__(self, options: dict[str, object]) -> None:
        self.options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self.options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:  # type: ignore[override]
        app = create_app()
        gc.collect()
        gc.freeze()  # what lives as long as the process need not be walked in the middle of somebody's page
        return app


def main() -> None:
    parser = argparse.ArgumentParser("xieshang web", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=settings.load().web_port)
    parser.add_argument("--workers", type=int, default=2)
    arguments = parser.parse_args()
    sys.argv = sys.argv[:1]
    Server(
        {
            "bind": f"{arguments.host}:{arguments.port}",
            "proc_name": "xieshang web",
            "worker_class": "gthread",
            "workers": arguments.workers,
            "threads": 8,
            "graceful_timeout": 10,
            "timeout": 60,
            "loglevel": "warning",
            "max_requests": 0,
        }
    ).run()


if __name__ == "__main__":
    main()
