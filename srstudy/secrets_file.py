"""Generates this copy's secrets once, into the file .env, which git ignores and only its owner reads."""

import os
import secrets
import sys
from pathlib import Path

BYTES = {"SECRET_KEY": 50, "ADMIN_PASSWORD": 12}


def read_names(text: str) -> set[str]:
    """The names that lines `NAME=value` give."""
    return {line.partition("=")[0].strip() for line in text.splitlines() if "=" in line and line[0] != "#"}


def write_missing_secrets(path: Path) -> list[str]:
    """Append the secrets that `path` lacks; answers their names. What is there is never changed."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [name for name in BYTES if name not in read_names(text)]
    if not missing:
        return []
    if text and not text.endswith("\n"):
        text += "\n"
    text += "".join(f"{name}={secrets.token_urlsafe(BYTES[name])}\n" for name in missing)
    partial = path.with_name(f"{path.name}.partial")
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
    partial.replace(path)
    return missing


if __name__ == "__main__":
    write_missing_secrets(Path(sys.argv[1]))
