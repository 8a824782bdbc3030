"""The options of a study: what its playlists hold, how pictures are shown, which steps a rater takes."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from difflib import get_close_matches
from typing import Any, Final, Self
from urllib.parse import urlsplit

from ratings.recruiting import PARAMETERS

DISPLAYS: Final = ("side_by_side", "in_place", "sequential")
WITHDRAWALS: Final = ("delete", "anonymise")
LANGUAGES: Final = ("", "en", "ko")
MOST_TRIALS: Final = 10_000
QUESTION_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")


@dataclass(frozen=True, kw_only=True)
class Question:
    """One question of a study's own; without `choices` it is answered in words."""

    name: str
    text: str
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not QUESTION_NAME.fullmatch(self.name):
            raise ValueError(
                f"the question's name {self.name!r} may have small letters, digits and _ only, 40 in all"
            )
        if not self.text.strip():
            raise ValueError(f"the question {self.name!r} has no text")
        if len(self.choices) == 1 or len(set(self.choices)) < len(self.choices):
            raise ValueError(f"the question {self.name!r} needs two or more choices that differ, or none")

    @classmethod
    def read(cls, given: object) -> Self:
        """Take a question from JSON. Raises: ValueError naming what is wrong."""
        needed = {"name", "text"}
        if not isinstance(given, Mapping) or not needed <= set(given) <= needed | {"choices"}:
            raise ValueError(f"a question is {given!r}; it has name, text and perhaps choices")
        choices = given.get("choices", ())
        if not isinstance(choices, list | tuple) or not all(isinstance(one, str) for one in choices):
            raise ValueError(
                f"the choices of question {given['name']!r} are {choices!r}, not a list of words"
            )
        return cls(name=str(given["name"]), text=str(given["text"]), choices=tuple(choices))


def _count(default: int | None, low: int, high: int = MOST_TRIALS) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


def _amount(default: float | None, low: float, high: float) -> Any:
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True, kw_only=True)
class StudyOptions:
    """Everything about a study that its maker may choose; made of JSON by `read`.

    Playlists: `training` trials with answers thrown away, spread over the range of quality; `dummies` at
    the start, to settle; `stimuli_per_rater` of a partial design; `repeats`; traps of the reference against
    itself and against a grossly degraded image, failed beyond `trap_share` of the scale.
    Pictures: how they are displayed; `sequence_seconds` that each is shown one after the other, None for as
    long as the rater likes; whether a trial starts anew when the window or its zoom changes; `shortcuts` by
    single keys.
    Steps: each is taken where it is switched on.
    The end: `return_url` leads back to where raters came from; `{code}`, `{PROLIFIC_PID}` and the other
    parameters of recruiting services in braces are filled in.
    People: at most so many; a place is given to somebody else after so many hours without a rating; what
    is done with the data of a person who withdraws.
    Raises: ValueError, one sentence naming the option and its value.
    """

    relax_order: bool = False
    stimuli_per_rater: int | None = _count(None, 1)
    training: int = _count(0, 0, 50)
    dummies: int = _count(0, 0, 50)
    repeats: int = _count(0, 0)
    reference_traps: int = _count(0, 0, 100)
    degraded_traps: int = _count(0, 0, 100)
    trap_share: float = _amount(0.2, 0, 1)

    display: str = "side_by_side"
    sequence_seconds: float | None = _amount(None, 0.1, 60)
    reshow_after_change: bool = False
    shortcuts: bool = True
    ties: bool = False

    language: str = ""
    questionnaire: bool = False
    questions: tuple[Question, ...] = ()
    acuity: bool = False
    colour_vision: bool = False
    display_check: bool = False
    ruler: bool = False
    touch: bool = True
    examples: bool = False
    break_every_trials: int | None = _count(None, 1)
    break_every_minutes: float | None = _amount(None, 0.1, 600)
    sitting_trials: int | None = _count(None, 1)
    sitting_minutes: float | None = _amount(None, 0.1, 600)
    rest_hours: float = _amount(12.0, 0.5, 24 * 14)
    feedback: bool = False
    return_url: str = ""

    max_raters: int | None = _count(None, 1, 1_000_000)
    drop_after_hours: float | None = _amount(None, 0.1, 24 * 365)
    withdrawal: str = "delete"

    def __post_init__(self) -> None:
        for one in fields(self):
            _refuse_off_range(one.name, getattr(self, one.name), one.metadata)
        for name, known in (("display", DISPLAYS), ("withdrawal", WITHDRAWALS), ("language", LANGUAGES)):
            if getattr(self, name) not in known:
                listed = ", ".join(repr(one) for one in known)
                raise ValueError(f"{name} is {getattr(self, name)!r} and not one of {listed}")
        self._refuse_contradictions()

    def _refuse_contradictions(self) -> None:
        if self.sequence_seconds is not None and self.display != "sequential":
            raise ValueError(
                f"sequence_seconds is {self.sequence_seconds:g}, which needs display sequential and not "
                f"{self.display}"
            )
        if not self.touch and not self.display_check:
            raise ValueError("touch is off, and needs display_check, which finds touch screens out")
        if self.acuity and not self.ruler:
            raise ValueError("acuity is on, and needs ruler: the size on the screen must be known")
        if self.questions and not self.questionnaire:
            raise ValueError("questions are given, and need questionnaire on")
        names = [question.name for question in self.questions]
        if len(set(names)) < len(names):
            raise ValueError(f"questions have the names {', '.join(names)}, of which one comes twice")
        self._refuse_idle()
        self._refuse_dropping_who_rests()
        if self.return_url:
            _refuse_wrong_address(self.return_url)

    def _refuse_idle(self) -> None:
        """Refuse what would do nothing without another option."""
        usual = {one.name: one.default for one in fields(self)}
        has_limit = self.sitting_trials is not None or self.sitting_minutes is not None
        needs = (
            ("trap_share", self.reference_traps > 0, "reference_traps"),
            ("rest_hours", has_limit, "sitting_trials or sitting_minutes"),
        )
        for name, is_there, needed in needs:
            if getattr(self, name) != usual[name] and not is_there:
                raise ValueError(f"{name} is {getattr(self, name):g}, and does nothing without {needed}")

    def _refuse_dropping_who_rests(self) -> None:
        has_rests = self.sitting_trials is not None or self.sitting_minutes is not None
        if has_rests and self.drop_after_hours is not None and self.drop_after_hours <= self.rest_hours:
            raise ValueError(
                f"drop_after_hours is {self.drop_after_hours:g}, and raters are told to rest for rest_hours, "
                f"{self.rest_hours:g}: let it be longer"
            )

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> Self:
        """Take the options from JSON; what is not there has its default.

        Raises: ValueError naming an unknown option, or one of the wrong kind.
        """
        known = {one.name: one for one in fields(cls)}
        taken = dict(given)
        for name, value in given.items():
            if name not in known:
                (nearest,) = get_close_matches(name, known, n=1, cutoff=0.0)
                raise ValueError(
                    f"there is no option {name!r}; the nearest is {nearest!r}, and `create_study --help` "
                    "has them all"
                )
            if name == "questions":
                if not isinstance(value, list | tuple):
                    raise ValueError(f"questions are {value!r}, which is not a list")
                taken[name] = tuple(Question.read(one) for one in value)
            else:
                taken[name] = _of_kind(name, value, known[name].type)
        return cls(**taken)

    @classmethod
    def parse(cls, assignments: Mapping[str, str]) -> dict[str, Any]:
        """Take options from text, read as TOML or as a word, for `read`, which checks names and kinds."""
        taken: dict[str, Any] = {}
        for name, text in assignments.items():
            try:
                taken[name] = tomllib.loads(f"value = {text}")["value"]
            except tomllib.TOMLDecodeError:
                taken[name] = text  # a word, such as in_place
        return taken

    def changed(self) -> dict[str, Any]:
        """The options that differ from their defaults, as JSON."""
        ours, usual = asdict(self), asdict(type(self)())
        return {name: value for name, value in ours.items() if value != usual[name]}


def _refuse_wrong_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"return_url is {url!r}, which is no address that begins with https://")
    known = ("code", *PARAMETERS)
    unknown = [name for name in re.findall(r"\{([^}]*)\}", url) if name not in known]
    if unknown:
        raise ValueError(
            f"return_url has {{{unknown[0]}}}, and there is {', '.join(f'{{{name}}}' for name in known)}"
        )


def _refuse_off_range(name: str, value: object, limits: Mapping[str, float]) -> None:
    if "low" not in limits or value is None:
        return
    low, high = limits["low"], limits["high"]
    if not low <= value <= high:  # type: ignore[operator]  # these options are numbers; NaN is no more than any
        raise ValueError(f"{name} is {value:,}, which is not between {low:,} and {high:,}")


def _of_kind(name: str, value: object, annotation: object) -> Any:
    """The value as the option's annotation wants it."""
    kind = str(annotation)
    if value is None and kind.endswith("None"):
        return None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind.startswith("bool"):
        right, wanted = isinstance(value, bool), "true or false"
    elif kind.startswith("int"):
        right, wanted = isinstance(value, int) and is_number, "a whole number"
    elif kind.startswith("float"):
        right, wanted = is_number, "a number"
    else:
        right, wanted = isinstance(value, str), "text"
    if not right:
        raise ValueError(f"{name} is {value!r}, which is not {wanted}")
    return value


def option_help() -> str:
    """Every option with its default, for the help of a command."""
    usual = StudyOptions()
    listed = (f"{one.name}={json.dumps(getattr(usual, one.name))}" for one in fields(StudyOptions))
    return f"Options and their defaults: {', '.join(listed)}"
