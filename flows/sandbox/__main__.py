"""`python -m flows.sandbox`: the embedded marketplace alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from flows.sandbox import CannotStartError, SandboxSettings, run


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; 3 when the server cannot start."""
    options = vars(_parser().parse_args(arguments))
    try:
        run(SandboxSettings(**options))
    except CannotStartError as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 3
    return 0


def _parser() -> argparse.ArgumentParser:
    defaults = SandboxSettings()
    parser = argparse.ArgumentParser(
        prog="python -m flows.sandbox",
        description="A local server that behaves like the vendor's order API.",
    )
    add = parser.add_argument
    add("--host", default=defaults.host, help="loopback address to serve on")
    add("--port", type=int, default=defaults.port, help="0 takes a free one")
    add("--state", type=Path, metavar="FILE", help="durable book; in memory without it")
    add("--announce", type=Path, metavar="FILE", help="write url, pid and state there when ready")
    add("--latency", type=float, default=defaults.latency, metavar="S")
    add("--finish-after", type=float, default=defaults.finish_after, metavar="S")
    add("--faults", default=defaults.faults, metavar="SPEC", help="slow=0.05,executed-504@7")
    add("--slow-seconds", type=float, default=defaults.slow_seconds, metavar="S")
    add("--seed", type=int, metavar="N", help="makes faults and delays reproducible")
    add("--soft", type=int, default=defaults.soft_limit, metavar="N", dest="soft_limit")
    add("--hard", type=int, default=defaults.hard_limit, metavar="N", dest="hard_limit")
    add("--no-throttle", action="store_false", dest="throttle")
    add("--no-replay-of-reads", action="store_false", dest="replay_reads")
    add("--placed-is-202", action="store_true", help="202 instead of 201 for placed orders")
    add("--partial-returns", action="store_true", help="part of a line may be returned")
    return parser


if __name__ == "__main__":
    sys.exit(main())
