"""What an analysis is asked to do, refused where it is made when it cannot be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ESTIMATORS: Final = ("mean", "zscore")
SCOPES: Final = ("study", "method")
SCREENINGS: Final = ("none",)
INTERVALS: Final = ("t", "normal")


@dataclass(frozen=True, kw_only=True)
class AnalysisOptions:
    """The options shared by every command that turns ratings into tables.

    `scope` and `ci` are None where nothing was asked for; `normalised_over` and `interval` say what
    that comes to. `level` is the probability an interval should cover, in (0, 1). `seed` feeds the
    bootstrap and nothing else.
    Raises: ValueError, one sentence, for a value that is not available or does not fit the others.
    """

    estimator: str = "mean"
    scope: str | None = None
    screening: str = "none"
    ci: str | None = None
    level: float = 0.95
    include_simulated: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        require_available("estimator", self.estimator, ESTIMATORS)
        require_available("screening", self.screening, SCREENINGS)
        if self.ci is not None:
            require_available("ci", self.ci, INTERVALS)
        if self.scope is not None:
            require_available("scope", self.scope, SCOPES)
            if self.estimator != "zscore":
                raise ValueError(
                    f"scope {self.scope!r} goes with estimator 'zscore' alone, not with {self.estimator!r}; "
                    "leave the scope out or choose zscore"
                )
        require_level(self.level)
        if isinstance(self.seed, bool) or not isinstance(self.seed, int) or self.seed < 0:
            raise ValueError(f"seed {self.seed!r} is not a whole number of 0 or more")

    @property
    def interval(self) -> str:
        """The interval asked for; Student's t unless another was named."""
        return self.ci or "t"

    @property
    def normalised_over(self) -> str:
        """What one z-score is taken over, "study" or "method"; empty for an estimator without a scope."""
        return (self.scope or "study") if self.estimator == "zscore" else ""


def require_available(what: str, value: object, available: tuple[str, ...]) -> None:
    """Refuse a value that is not among those available.

    Raises: ValueError naming the value and the choices.
    """
    if value not in available:
        raise ValueError(f"{what} {value!r} is not available; available: {', '.join(available)}")


def require_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1); NaN is outside.

    Raises: ValueError naming the level.
    """
    if not 0 < level < 1:
        raise ValueError(f"level {level!r} is not between 0 and 1; 0.95 gives 95 % intervals")
