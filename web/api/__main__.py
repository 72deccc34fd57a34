"""`xieshang openapi`: the description of the API, as /api/v1/openapi.json says it."""

import argparse
import json
import sys
from pathlib import Path
from tempfile import gettempdir

from engine.settings import Settings
from web.api.spec import describe
from web.app import create_app


def main() -> int:
    argparse.ArgumentParser("xieshang openapi", description=__doc__).parse_args()
    nothing = Settings(Path(gettempdir()), "sqlite://", "", b"only describes")
    with create_app(nothing).app_context():
        sys.stdout.write(json.dumps(describe(), ensure_ascii=False, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
