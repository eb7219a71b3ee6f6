"""The whole command with a trap in it: `python -m tests.torture.command POINT PASSAGE submit …`."""

from __future__ import annotations

import sys

from flows.cli import main
from tests.torture.points import Point, Trap, lay

if __name__ == "__main__":
    point, passage, *arguments = sys.argv[1:]
    lay(Trap(Point(point), int(passage)))
    sys.argv = ["orderdrop", *arguments]
    main()
