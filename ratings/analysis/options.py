"""What an analysis is asked to do, refused where it is made when it cannot be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ESTIMATORS: Final = ("mean", "zscore", "subject_model", "zrec")
SCOPES: Final = ("study", "method")
SCREENINGS: Final = ("none", "bt500", "correlation")
INTERVALS: Final = ("t", "normal", "bootstrap", "model", "model_stimulus")
COMPATIBILITIES: Final = ("", "sureal")

# The first is taken where none is named. The published intervals of the models run low with few raters.
INTERVALS_OF: Final = {
    "mean": ("t", "normal", "bootstrap"),
    "zscore": ("t", "normal", "bootstrap"),
    "subject_model": ("bootstrap", "model", "model_stimulus"),
    "zrec": ("bootstrap", "model"),
}


@dataclass(frozen=True, kw_only=True)
class AnalysisOptions:
    """The options shared by every command that turns ratings into tables.

    `scope` and `ci` are None where nothing was asked for; `normalised_over` and `interval` say what
    that comes to. `level` is the probability an interval should cover, in (0, 1). `seed` feeds the
    bootstrap and nothing else. `compat` "sureal" computes subject model, ZREC and BT.500 as that program
    does where it differs. `crush` bounds ACR-HR differences above 5 as ITU-T P.910 allows on its
    five-point scale.
    Raises: ValueError, one sentence, for a value that is not available or does not fit the others.
    """

    estimator: str = "mean"
    scope: str | None = None
    screening: str = "none"
    ci: str | None = None
    level: float = 0.95
    include_simulated: bool = False
    seed: int = 0
    compat: str = ""
    crush: bool = False

    def __post_init__(self) -> None:
        require_available("estimator", self.estimator, ESTIMATORS)
        require_available("screening", self.screening, SCREENINGS)
        require_available("compat", self.compat, COMPATIBILITIES)
        if self.ci is not None:
            self._require_fitting_interval(self.ci)
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

    def _require_fitting_interval(self, ci: str) -> None:
        require_available("ci", ci, INTERVALS)
        fitting = INTERVALS_OF[self.estimator]
        if ci not in fitting:
            raise ValueError(
                f"ci {ci!r} does not go with estimator {self.estimator!r}, which has: {', '.join(fitting)}"
            )

    @property
    def interval(self) -> str:
        """The interval asked for; the estimator's own default unless another was named."""
        return self.ci or INTERVALS_OF[self.estimator][0]

    @property
    def normalised_over(self) -> str:
        """What one z-score is taken over, "study" or "method"; empty for an estimator without a scope."""
        return (self.scope or "study") if self.estimator == "zscore" else ""


def require_available(what: str, value: object, available: tuple[str, ...]) -> None:
    """Refuse a value that is not among those available.

    Raises: ValueError naming the value and the choices.
    """
    if value not in available:
        choices = ", ".join(choice or "nothing" for choice in available)
        raise ValueError(f"{what} {value!r} is not available; available: {choices}")


def require_level(level: float) -> None:
    """Refuse a confidence level outside (0, 1); NaN is outside.

    Raises: ValueError naming the level.
    """
    if not 0 < level < 1:
        raise ValueError(f"level {level!r} is not between 0 and 1; 0.95 gives 95 % intervals")
