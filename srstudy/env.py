"""Reads one setting from the environment, or refuses it with a sentence."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import dj_database_url

TRUE: Final = frozenset({"1", "true", "yes", "on"})
FALSE: Final = frozenset({"0", "false", "no", "off"})
DATABASE_SCHEMES: Final = ("sqlite", "postgres", "postgresql")


class SettingRefused(ValueError):
    """A value in the environment is nonsense; the message says which and what would do."""


class Environment:
    """The typed reader of settings: every method takes a name and answers a checked value.

    Raises: SettingRefused, naming the variable, the value found and what would have been right.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values

    def text(self, name: str, default: str | None = None) -> str:
        """Any text but the empty one; without a default the variable must be set."""
        value = self._values.get(name, "").strip()
        if value:
            return value
        if default is None:
            raise SettingRefused(f"{name} is not set: give it in the environment or in the file .env.")
        return default

    def flag(self, name: str, default: bool) -> bool:
        """One of 1/0, true/false, yes/no, on/off."""
        value = self._values.get(name, "").strip().lower()
        if not value:
            return default
        if value in TRUE or value in FALSE:
            return value in TRUE
        raise SettingRefused(f"{name} is {value!r}, which is neither 1 nor 0.")

    def integer(self, name: str, default: int, *, minimum: int, maximum: int) -> int:
        """A whole number from `minimum` to `maximum`, both included."""
        value = self._values.get(name, "").strip()
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            raise SettingRefused(f"{name} is {value!r}, which is not a whole number.") from None
        if not minimum <= number <= maximum:
            raise SettingRefused(f"{name} is {number}, which is not between {minimum} and {maximum}.")
        return number

    def words(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        """Words between commas; empty ones are passed over."""
        value = self._values.get(name, "")
        found = [word.strip() for word in value.split(",") if word.strip()]
        return found or list(default)

    def hosts(self, name: str, default: tuple[str, ...]) -> list[str]:
        """Host names between commas, without scheme, port or path; an IPv6 address in brackets."""
        found = self.words(name, default)
        for host in found:
            if not re.fullmatch(r"\[[0-9A-Fa-f:.]+\]|[^/:\s\[\]]+", host):
                raise SettingRefused(f"{name} has {host!r}, which is not a host name such as example.org.")
        return found

    def origins(self, name: str) -> list[str]:
        """Origins between commas, each with its scheme."""
        found = self.words(name)
        for origin in found:
            if not origin.startswith(("http://", "https://")):
                raise SettingRefused(f"{name} has {origin!r}, which does not begin with https://.")
        return found

    def folder(self, name: str, default: Path) -> Path:
        """A folder, made absolute; it may not exist yet but must not be a file."""
        value = self._values.get(name, "").strip()
        try:
            path = Path(value).expanduser() if value else default
            is_file = path.exists() and not path.is_dir()
        except (OSError, RuntimeError) as error:  # unreadable or too long; a home that nobody has
            reason = (getattr(error, "strerror", None) or str(error)).rstrip(".")
            raise SettingRefused(f"{name} is {value!r}, which cannot be used: {reason}.") from None
        if is_file:
            raise SettingRefused(f"{name} is {str(path)!r}, which is a file and not a folder.")
        return path.absolute()

    def choice(self, name: str, default: str, among: Sequence[str]) -> str:
        """One of the values named, whatever its case."""
        value = self.text(name, default)
        for known in among:
            if known.lower() == value.lower():
                return known
        raise SettingRefused(f"{name} is {value!r}, and there is {', '.join(among)}.")

    def time_zone(self, name: str, default: str) -> str:
        """A time zone under its name in the IANA database."""
        value = self.text(name, default)
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise SettingRefused(f"{name} is {value!r}, which is no time zone such as Asia/Seoul.") from None
        return value

    def secret(self, name: str, *, minimum_length: int, placeholder: str | None) -> str:
        """A secret long enough to be one; `placeholder` stands in where none is needed (development)."""
        value = self._values.get(name, "").strip()
        if not value and placeholder is not None:
            return placeholder
        if len(value) < minimum_length:
            raise SettingRefused(
                f"{name} has {len(value)} characters and needs at least {minimum_length}: "
                "`make study` writes a good one into the file .env."
            )
        return value

    def database(self, name: str, default: str) -> dict[str, Any]:
        """A database address: sqlite:///path or postgresql://user:password@host:port/name."""
        value = self.text(name, default)
        scheme = value.partition(":")[0].lower()
        if scheme not in DATABASE_SCHEMES or "://" not in value:
            raise SettingRefused(
                f"{name} begins with {scheme!r}: it takes sqlite:///PATH or postgresql://USER@HOST/NAME."
            )
        try:
            parsed: dict[str, Any] = {**dj_database_url.parse(value)}
        except (ValueError, KeyError) as error:
            reason = str(error).rstrip(".")
            raise SettingRefused(f"{name} cannot be read as a database address: {reason}.") from None
        if not parsed.get("NAME"):
            raise SettingRefused(f"{name} names no database: {value!r} ends before its name.")
        return parsed
