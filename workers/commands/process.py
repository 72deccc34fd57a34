"""`xieshang process list | check FILE`: the procedures of the house, and whether a text may become one."""

import argparse
import sys
from pathlib import Path

from engine.editions import shipped, shipped_names
from engine.errors import Refused
from engine.process import Broken, read
from engine.process_check import check
from engine.vocabulary import vocabulary
from engine.words import Words


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser("xieshang process", description=__doc__)
    words = parser.add_subparsers(dest="word", required=True)
    words.add_parser("list", help="every procedure with its states and steps")
    words.add_parser("check", help="whether a file may run").add_argument("file", type=Path)
    arguments = parser.parse_args(argv)
    return list_all() if arguments.word == "list" else check_file(arguments.file)


def list_all() -> int:
    for name in shipped_names():
        process = shipped(name)
        size = f"{len(process.states):3} 个状态 states {len(process.verbs):3} 步 steps"
        print(f"{name:16}{size}  {process.title.zh} {process.title.en}")
    return 0


def check_file(path: Path) -> int:
    """0 where the file may run, 1 with every finding and its line where it may not."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(Words(f"读不了 {path}：{error}", f"Cannot read {path}: {error}")) from error
    try:
        process = check(text, vocabulary(read(text).name))
    except Broken as broken:
        for finding in broken.findings:
            print(f"{path}:{finding.line}: {finding.words.zh} {finding.words.en}")
        return 1
    print(f"{process.title.zh} {process.title.en}：可以运行。 It may run.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
