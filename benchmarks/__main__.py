"""``python -m benchmarks NAME [OPTIONS]``: run one of the measurements."""

import runpy
import sys
from pathlib import Path


def names() -> list[str]:
    """Return what can be run: the modules here that may be called as programs."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    runs = 'if __name__ == "__main__":'
    return [file.stem for file in files if runs in file.read_text(encoding="utf-8") and not file.stem.startswith("_")]


def main() -> None:
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    if name not in names():
        sys.exit(f"benchmarks: {name!r} is none of {', '.join(names())}")
    del sys.argv[0]
    runpy.run_module(f"benchmarks.{name}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
