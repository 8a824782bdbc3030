"""The paper's Tables 2 and 3 and its claim, and whether the claim holds in other numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

SOURCE = "Table 2 of Hanhoon Park's work on lightening SRGAN by knowledge distillation, as it is printed"
SETS = ("Set5", "Set14", "Urban100", "General100")
NO_TRANSFER = "student"
CLAIMED_BEST = "g2g_al"
TRANSFERS = ("gan2gan", "gan2g", "gan2g_al", "g2g_al")
STUDENTS = (NO_TRANSFER, *TRANSFERS)
METHODS = ("teacher", *STUDENTS)
CLAIM = "G2G+AL is the best of the students, and every transfer is better than none"

# Method by method, PSNR and SSIM on each of SETS.
_TABLE_2 = {
    "teacher": ((29.0393, 0.7354), (29.2145, 0.6599), (28.7672, 0.5858), (29.8017, 0.8587)),
    "student": ((28.2506, 0.6055), (28.3138, 0.5593), (28.2256, 0.4795), (28.2474, 0.7388)),
    "gan2gan": ((28.8228, 0.6665), (28.9581, 0.5969), (28.6160, 0.5166), (29.3255, 0.8108)),
    "gan2g": ((28.8191, 0.6732), (28.9317, 0.5994), (28.6095, 0.5165), (29.2366, 0.8130)),
    "gan2g_al": ((28.7318, 0.6663), (28.85, 0.5973), (28.5550, 0.5176), (29.1327, 0.8057)),
    "g2g_al": ((29.6308, 0.6892), (29.3279, 0.5593), (28.9421, 0.5168), (29.9858, 0.8181)),
}

TABLE_3_SOURCE = "Table 3 of the same work, as it is printed: Z-scores of opinion for ten images"
TABLE_3_DIGITS = 3
TABLE_3 = {
    "gan2gan": (46.784, 45.180, 52.753, 71.978, 48.649, 41.313, 34.300, 45.724, 49.744, 63.573),
    "gan2g": (52.673, 45.199, 52.921, 72.123, 61.472, 40.919, 34.358, 42.148, 44.274, 53.913),
    "gan2g_al": (44.473, 47.098, 55.454, 72.144, 50.334, 44.780, 35.752, 44.095, 49.261, 56.609),
    "g2g_al": (44.319, 48.633, 58.447, 64.955, 50.651, 42.339, 27.564, 47.283, 53.833, 61.975),
}


@dataclass(frozen=True, slots=True)
class Measure:
    """A column of numbers that orders methods: its field, its name in print, its decimals, its better end.

    One that `ranks_nothing` is no measure of quality: what it shows can be held against the paper alone.
    """

    field: str
    name: str
    digits: int
    best: Literal["high", "low"]
    ranks_nothing: bool = False

    def rounded(self, value: float) -> float:
        """The value as it is printed: methods that print alike are not told apart."""
        return round(value, self.digits)


MEASURES = (
    Measure("psnr_y", "PSNR-Y", 3, "high"),
    Measure("ssim_y", "SSIM-Y", 4, "high"),
    Measure("gmsd", "GMSD", 4, "low"),
    Measure("psnr_wrapped", "wrapped PSNR", 3, "high", ranks_nothing=True),
)
PAPER_MEASURES = (
    Measure("psnr", "the paper's own PSNR", 4, "high"),
    Measure("ssim", "the paper's own SSIM", 4, "high"),
)


def paper_values(dataset: str, field: str) -> dict[str, float]:
    """The paper's `psnr` or `ssim` of every method on one of SETS."""
    place, which = SETS.index(dataset), ("psnr", "ssim").index(field)
    return {method: values[place][which] for method, values in _TABLE_2.items()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one measure says of the claim on one set.

    `best` are the students that print the best value, `not_better` the transfers that are not better than
    no transfer, `unknown` the students without a value, for which nothing is said.
    """

    dataset: str
    best: tuple[str, ...] = ()
    not_better: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether both halves of the claim are true; a tie is no lead."""
        return not self.unknown and self.best == (CLAIMED_BEST,) and not self.not_better


def ranked(values: Mapping[str, float | None], measure: Measure) -> list[tuple[str, ...]]:
    """Methods with a value, best first; those that print the same value share a place."""
    places: dict[float, list[str]] = {}
    for method, value in values.items():
        if value is not None:
            places.setdefault(measure.rounded(value), []).append(method)
    order = sorted(places, reverse=measure.best == "high")
    return [tuple(places[value]) for value in order]


def verdict(dataset: str, values: Mapping[str, float | None], measure: Measure) -> Verdict:
    """Hold the claim against one measure of the students on one set; other methods are ignored."""
    unknown = tuple(method for method in STUDENTS if values.get(method) is None)
    if unknown:
        return Verdict(dataset, unknown=unknown)
    places = ranked({method: values[method] for method in STUDENTS}, measure)
    place = {method: number for number, methods in enumerate(places) for method in methods}
    not_better = tuple(method for method in TRANSFERS if place[method] >= place[NO_TRANSFER])
    return Verdict(dataset, best=places[0], not_better=not_better)


def claim_sentence(measure: Measure, verdicts: Sequence[Verdict], label: Mapping[str, str]) -> str:
    """In plain words, for one measure: on how many of the sets known it holds, and why not on the others.

    `label` has the printed name of every method; at least one verdict is needed.
    """
    name = measure.name[:1].upper() + measure.name[1:]
    known = [one for one in verdicts if not one.unknown]
    if not known:
        unknown = dict.fromkeys(method for one in verdicts for method in one.unknown)
        return f"{name}: nothing can be said without {_listed(unknown, label)}."
    holding = sum(one.holds for one in known)
    reasons = [f"on {one.dataset} {_reason(one, label)}" for one in known if not one.holds]
    says = f"holds on {holding} of {len(known)} set{'s' if len(known) > 1 else ''}"
    return f"{name}: {'; '.join([says, *reasons])}."


def _reason(one: Verdict, label: Mapping[str, str]) -> str:
    parts = []
    if one.best != (CLAIMED_BEST,):
        parts.append(f"{_listed(one.best, label)} {'leads' if len(one.best) == 1 else 'lead together'}")
    if one.not_better:
        is_or_are = "is" if len(one.not_better) == 1 else "are"
        parts.append(f"{_listed(one.not_better, label)} {is_or_are} no better than no transfer")
    return ", and ".join(parts)


def _listed(methods: Iterable[str], label: Mapping[str, str]) -> str:
    *others, last = (label[method] for method in methods)
    return f"{', '.join(others)} and {last}" if others else last
