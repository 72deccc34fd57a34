"""`xieshang WORD …`: a table from word to the program that does it."""

import os
import runpy
import sys

from sqlalchemy.exc import OperationalError

from engine.errors import Refused

WORDS = {
    "demo": ("workers.supervisor", "演示：装好一场协商并现场开播", "the demonstration, live with a crowd"),
    "serve": ("workers.supervisor", "在一台机器上运行全部", "everything on one machine"),
    "web": ("web", "网页服务", "the web server"),
    "gateway": ("web.live.server", "现场网关", "the live gateway"),
    "relay": ("workers.relay", "发布与封存", "announces facts and seals the ledger"),
    "counter": ("workers.counter", "计数", "counts the live entries"),
    "worker": ("workers.worker", "后台任务", "background work"),
    "migrate": ("workers.commands.migrate", "更新数据库表", "brings the database up to date"),
    "verify": ("workers.commands.verify", "核对账本与数字", "checks ledger and figures"),
    "process": ("workers.commands.process", "流程文件", "the procedures"),
    "due": ("workers.commands.due", "按工作日历计算期限", "a due date by the calendar"),
    "login": ("workers.commands.login", "一次性登录链接", "a one-time sign-in link"),
    "tickets": ("workers.commands.tickets", "测试门票", "tickets for test traffic"),
    "openapi": ("web.api", "接口说明", "the description of the API"),
}
WITH_THEIR_WORD = {"demo", "serve"}


def main() -> int:
    word, *rest = sys.argv[1:] or ["--help"]
    if word in ("-h", "--help"):
        print("用法 usage: xieshang WORD …\n")
        for name, (_, zh, en) in WORDS.items():
            print(f"  {name:10}{zh} {en}")
        return 0
    if word not in WORDS:
        print(
            f"没有“{word}”这个命令，见 xieshang --help。 There is no “{word}”; see xieshang --help.",
            file=sys.stderr,
        )
        return 2
    sys.argv = [f"xieshang {word}", *([word] if word in WITH_THEIR_WORD else []), *rest]
    try:
        runpy.run_module(WORDS[word][0], run_name="__main__", alter_sys=False)
    except Refused as refusal:
        print(f"{refusal.words.zh} {refusal.words.en}", file=sys.stderr)
        return 1
    except OperationalError as error:
        print(f"数据库打不开 the database cannot be opened: {error.orig}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
