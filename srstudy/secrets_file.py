"""Generates this copy's secrets once, into the file .env, which git ignores and only its owner reads."""

import io
import re
import secrets
import sys
from pathlib import Path

from dotenv import dotenv_values

from srstudy.files import write_texts

BYTES = {"SECRET_KEY": 50, "ADMIN_PASSWORD": 12}
BLANK = re.compile(rf"\s*(?:export\s+)?(?:{'|'.join(BYTES)})\s*(?:=\s*(?:''|\"\")?\s*(?:#.*)?)?$")


def given_names(text: str) -> set[str]:
    """The names that have a value in the text of an .env file."""
    return {name for name, value in dotenv_values(stream=io.StringIO(text)).items() if (value or "").strip()}


def write_missing_secrets(path: Path) -> list[str]:
    """Give `path` the secrets that it lacks or has blank; answers their names. A value is never changed."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    kept = [line for line in lines if not BLANK.match(line)]
    present = given_names("\n".join(kept))
    missing = [name for name in BYTES if name not in present]
    if missing:
        kept += [f"{name}={secrets.token_urlsafe(BYTES[name])}" for name in missing]
        write_texts({path: "\n".join(kept) + "\n"}, mode=0o600)
    return missing


def main(path: Path) -> None:
    """Write what is missing, or end in a sentence and status 1."""
    try:
        write_missing_secrets(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        sys.exit(f"The file {path} of this copy's secrets cannot be used: {reason}.")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
