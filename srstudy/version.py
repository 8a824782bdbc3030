"""Names the code that made a number: the version, and the commit where there is one."""

import subprocess
from functools import cache
from pathlib import Path

from srstudy import __version__

ROOT = Path(__file__).resolve().parent.parent


@cache
def code_version() -> str:
    """`0.1.0`, or `0.1.0+3f2a91c` in a git checkout, with `.dirty` where files differ from the commit."""
    if not (ROOT / ".git").exists():
        return __version__
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=.dirty", "--exclude=*", "--abbrev=12"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return __version__
    return f"{__version__}+{answer.stdout.strip()}"
