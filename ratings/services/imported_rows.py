"""What a row of a file says in a study's terms: which trial it is of, and what was answered."""

import math
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn, cast

import pandas as pd
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from ratings.analysis.choices import Choices, refuse_bad_choices
from ratings.analysis.columns import Rows, labels, score_values, simulated_rows
from ratings.analysis.methodologies import REFERENCE
from ratings.analysis.votes import Votes
from ratings.methodologies import CATEGORIES
from ratings.models import Rater, Study, Trial
from ratings.services.playlists import entries_of
from srstudy.errors import Refused

LONGEST_PSEUDONYM = 64
# Longer than anybody looks at a pair; a larger number is another unit, or a broken clock.
LONGEST_MS = 86_400_000
# Kinds whose stimuli a study may not show; rows of these on others are left out.
BESIDE_THE_TESTS = (Trial.Kind.TRAINING, Trial.Kind.DUMMY, Trial.Kind.TRAP)

Row = dict[str, Any]


class ImportedRows:
    """The rows of one file of ratings, checked against the study they go into.

    `of_rater` holds each rater's sessions, and of each the rows with their places in the file; `left_out`
    counts by kind what the study has no place for.
    """

    def __init__(self, study: Study, frame: pd.DataFrame, file: str) -> None:
        self.study, self.frame = study, frame
        self.rows = Rows(frame.index.to_numpy(dtype="int64"), file)
        self.left_out: Counter[str] = Counter()
        self.check(file)
        self.simulated = simulated_rows(frame, self.rows)
        self.of_rater: dict[str, dict[object, list[tuple[int, Row]]]] = {}
        for at, row in enumerate(self._records()):
            sessions = self.of_rater.setdefault(row["rater"], {})
            sessions.setdefault(row.get("session"), []).append((at, row))
        self.shown = self.what_is_shown()
        self.first_of = {image: pk for pk, image in study.stimuli.order_by("-pk").values_list("pk", "image")}

    def check(self, file: str) -> None:
        """Refuse second votes, tables without one vote of kind test, and scores off the scale.

        Raises: ValueError, one sentence with the line.
        """
        scale = cast(tuple[float, float], self.study.asks.scale)
        Votes.from_frame(self.frame, methodology=self.study.asks.analysed_as, scale=scale, file=file)
        labels(self.frame, self.rows)
        score = score_values(self.frame, self.rows, self.study.asks.analysed_as, scale)
        if scale == CATEGORIES:
            self.rows.refuse(
                score % 1 != 0,
                lambda at: f"score {score[at]:g} is none of the categories {scale[0]:g} to {scale[1]:g}",
            )

    def what_is_shown(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The columns of a trial by what the study shows, image by method."""
        return {
            (entry.image, entry.method): {"stimulus_id": entry.stimulus_id, "shown": entry.shown}
            for entry in entries_of(self.study)
        }

    def _records(self) -> list[Row]:
        columns = [
            [None if pd.isna(value) or value == "" else value for value in self.frame[name].astype(object)]
            for name in self.frame
        ]
        rows = [dict(zip(map(str, self.frame), cells, strict=True)) for cells in zip(*columns, strict=True)]
        for row in rows:
            row |= {name: str(row[name]) for name in self.names_of_a_trial if row[name] is not None}
            row["rater"] = str(row["rater"])
        return rows

    names_of_a_trial: tuple[str, ...] = ("image", "method")

    def refuse(self, at: int, sentence: str) -> NoReturn:
        """Raises: Refused naming the line of a row."""
        raise Refused(f"{self.rows.place(at)}: {sentence}")

    def source_of(self, name: str) -> Rater.Source:
        """Whether people or a program gave a rater's ratings. Raises: Refused for both, or a long name."""
        places = [at for session in self.of_rater[name].values() for at, _ in session]
        if len(name) > LONGEST_PSEUDONYM:
            self.refuse(places[0], f"the rater {name!r} is longer than {LONGEST_PSEUDONYM} characters.")
        simulated = {bool(self.simulated[at]) for at in places}
        if len(simulated) > 1:
            self.refuse(places[0], f"the rater {name!r} is simulated in some rows and not in others.")
        return Rater.Source.SIMULATED if simulated == {True} else Rater.Source.IMPORT

    def trial(self, at: int, row: Row) -> dict[str, Any] | None:
        """The columns of a trial that say what was shown where; None for what the study does not show.

        Raises: Refused for a test or repeat of that sort, and an unknown kind or side.
        """
        kind = row.get("kind") or Trial.Kind.TEST
        if kind not in Trial.Kind.values:
            self.refuse(at, f"the kind {kind!r} is not one of {', '.join(Trial.Kind.values)}.")
        shown = self.trap(row) if kind == Trial.Kind.TRAP else None
        shown = shown or self.stimulus(row)
        if shown is None and kind not in BESIDE_THE_TESTS:
            self.refuse(at, self.not_shown(row))
        if shown is None:
            self.left_out[kind] += 1
            return None
        repeat_of = self.whole(at, row, "repeat_of", least=1)
        return {"kind": kind, "repeat_of": repeat_of, **shown, **self.sides(at, row)}

    def trap(self, row: Row) -> dict[str, Any] | None:
        """What a trap shows, if it is one that the study could have."""
        return self._in_place_of_test(row["image"], row["method"])

    def _in_place_of_test(self, image: str, shown: str) -> dict[str, Any] | None:
        if shown not in (Trial.Shown.REFERENCE, Trial.Shown.DEGRADED) or image not in self.first_of:
            return None
        return {"stimulus_id": self.first_of[image], "shown": shown}

    def stimulus(self, row: Row) -> dict[str, Any] | None:
        """What of the study's a row is of, if it is."""
        return self.shown.get((row["image"], row["method"]))

    def not_shown(self, row: Row) -> str:
        """The sentence on a row that the study does not show."""
        return (
            f"study {self.study.slug} does not show image {row['image']!r} by method {row['method']!r}"
            f"{self.meant(row['image'])}; it shows {_some(self.shown)}."
        )

    def meant(self, image: str) -> str:
        """The one image of the study that an unknown name without its data set may mean, to be added."""
        known = {one for one, _ in self.shown}
        ends = [one for one in known if one.endswith(f"/{image}")]
        return f" (is {ends[0]!r} meant?)" if image not in known and len(ends) == 1 else ""

    def sides(self, at: int, row: Row) -> dict[str, str]:
        """Where the reference stood, empty where that is not known."""
        return {"reference_side": self._side(at, row, "reference_side")}

    def answer(self, at: int, row: Row) -> dict[str, Any]:
        """The columns of a rating that hold the answer."""
        if self.study.asks.analysed_as != "dscqs":
            return {"score": row["score"]}
        scores = row.get("reference_score"), row.get("test_score")
        given = row.get("difference") if scores[0] is None else None
        return {"reference_score": scores[0], "test_score": scores[1], "given_difference": given}

    def circumstances(self, at: int, row: Row) -> dict[str, Any]:
        """The columns of a rating that say when and how long. Raises: Refused for what is no time."""
        return {
            "duration_ms": self.whole(at, row, "duration_ms", least=0, most=LONGEST_MS),
            "sitting": self.whole(at, row, "sitting", least=1) or 1,
            "rated_at": self._time(at, row),
        }

    def whole(self, at: int, row: Row, name: str, *, least: int, most: int = 2**31 - 1) -> int | None:
        """A cell as a whole number, None where it is empty. Raises: Refused for anything else."""
        value = row.get(name)
        if value is None:
            return None
        try:
            number = float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not number.is_integer() or not least <= number <= most:
            shown = f"{value:g}" if isinstance(value, float) else repr(value)
            self.refuse(at, f"{name} {shown} is not a whole number between {least} and {most}.")
        return int(number)

    def _side(self, at: int, row: Row, name: str) -> str:
        side = row.get(name) or ""
        if side not in ("", *Trial.Side.values):
            self.refuse(at, f"{name} {side!r} is neither 'left' nor 'right'.")
        return cast(str, side)

    def _time(self, at: int, row: Row) -> datetime:
        text = row.get("rated_at")
        if text is None:
            return timezone.now()
        try:
            found = parse_datetime(str(text))
            if found is not None and timezone.is_naive(found):
                found = timezone.make_aware(found)
            if found is not None:
                found.astimezone(UTC)  # the first and last hours of all time have none in UTC
        except (ValueError, OverflowError):
            found = None
        if found is None:
            self.refuse(at, f"rated_at {text!r} is not a time of ISO 8601.")
        return found


class ImportedChoices(ImportedRows):
    """The rows of one file of paired comparisons."""

    names_of_a_trial = ("image", "method_a", "method_b")

    def check(self, file: str) -> None:
        """Refuse second votes, tables without one vote of kind test, and what is no choice."""
        Choices.from_frame(self.frame, file=file)
        refuse_bad_choices(self.frame, self.rows)

    def what_is_shown(self) -> dict[tuple[str, str], dict[str, Any]]:
        """The columns of a trial by what the study shows, image by method."""
        stimuli = self.study.stimuli.order_by("pk").values_list("image", "method", "pk")
        return {(image, method): {"stimulus_id": pk} for image, method, pk in stimuli}

    def trap(self, row: Row) -> dict[str, Any] | None:
        """The reference against itself or a degraded image, as a study shows them."""
        return self._in_place_of_test(row["image"], row["method_b"]) if row["method_a"] == REFERENCE else None

    def stimulus(self, row: Row) -> dict[str, Any] | None:
        """Methods a and b of the study, whichever is called which."""
        a, b = (self.shown.get((row["image"], row[name])) for name in ("method_a", "method_b"))
        if a is None or b is None or a == b:
            return None
        return {**a, "other_id": b["stimulus_id"]}

    def not_shown(self, row: Row) -> str:
        """The sentence on a pair that the study does not show."""
        return (
            f"study {self.study.slug} does not compare {row['method_a']!r} with {row['method_b']!r} on image "
            f"{row['image']!r}{self.meant(row['image'])}; it shows {_some(self.shown)}."
        )

    def sides(self, at: int, row: Row) -> dict[str, str]:
        """Where method a stood, empty where that is not known."""
        return {"side_a": self._side(at, row, "side_a")}

    def answer(self, at: int, row: Row) -> dict[str, Any]:
        """The choice. Raises: Refused for a tie where the study has none."""
        if row["choice"] == "tie" and not self.study.setup.ties:
            self.refuse(at, f"choice 'tie' is none of study {self.study.slug}, whose option ties is off.")
        return {"choice": row["choice"]}


def _some(shown: Mapping[tuple[str, str], object]) -> str:
    images = list(dict.fromkeys(image for image, _ in shown))
    methods = list(dict.fromkeys(method for _, method in shown))
    return f"{_first(images)} by {_first(methods)}"


def _first(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} others" if len(names) > 3 else "")
