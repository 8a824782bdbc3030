"""The six recipes as stages: what learns, from where, by which losses, against whom."""

from dataclasses import dataclass
from typing import Literal

from distillation.sr.config import METHODS, GeneratorShape, Options, Phase

Term = Literal["pix", "vgg", "out", "feat", "adv", "dfeat", "dcritic"]
PhaseName = Literal["teacher_pixel", "teacher_adversarial", "student_transfer", "student_final"]

_TRANSFER: tuple[Term, ...] = ("pix", "out", "feat")
_GUIDED: tuple[Term, ...] = (*_TRANSFER, "dfeat", "dcritic")
_TEACHER = "teacher_adversarial"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One training run from a start to a checkpoint; methods are chains of these, some of them shared.

    learner: whose generator is updated. terms: the losses of that generator, where `pix` stands for the
    content loss (see `terms_of`). phase: which of the options' four phases gives steps and learning rate.
    starts_from: the stage whose generator, EMA, adaptors and optimiser go on here; None for a fresh start.
    opponent: the shape of the discriminator that learns against it. opponent_start: `fresh`, or `teacher`
    for a copy of the teacher's trained one. opponent_taught: the teacher's discriminator teaches the
    opponent (dkd).
    """

    name: str
    learner: Literal["teacher", "student"]
    terms: tuple[Term, ...]
    phase: PhaseName
    starts_from: str | None = None
    opponent: Literal["none", "teacher", "student"] = "none"
    opponent_start: Literal["fresh", "teacher"] = "fresh"
    opponent_taught: bool = False

    def __post_init__(self) -> None:
        if ("adv" in self.terms) != (self.opponent != "none"):
            raise ValueError(
                f"Stage {self.name} needs both the adversarial term and an opponent, or neither."
            )

    def terms_of(self, options: Options) -> tuple[Term, ...]:
        """The losses under these options: with VGG weights, SRGAN's content loss where one is adversarial.

        `vgg` then takes the place of `pix`, for the teacher and the students alike; elsewhere `pix` stays.
        """
        if "adv" not in self.terms:
            return self.terms
        return tuple(options.content if term == "pix" else term for term in self.terms)

    @property
    def uses_critic(self) -> bool:
        """Whether the teacher's discriminator takes part, frozen."""
        return "dfeat" in self.terms or "dcritic" in self.terms or self.opponent_taught

    @property
    def uses_teacher(self) -> bool:
        """Whether the teacher's generator takes part, frozen."""
        return "out" in self.terms or "feat" in self.terms or "dfeat" in self.terms

    @property
    def needs(self) -> tuple[str, ...]:
        """Stages whose checkpoints must be finished before this one begins."""
        names = [self.starts_from] if self.starts_from else []
        copies = self.opponent != "none" and self.opponent_start == "teacher"
        if self.uses_teacher or self.uses_critic or copies:
            names.append(_TEACHER)
        return tuple(names)

    def phase_of(self, options: Options) -> Phase:
        """Steps and learning rate of this stage."""
        phase: Phase = getattr(options, self.phase)
        return phase

    def shape_of(self, options: Options) -> GeneratorShape:
        """Size of the generator that learns."""
        return options.teacher if self.learner == "teacher" else options.student


def _transfer(name: str, terms: tuple[Term, ...]) -> Stage:
    return Stage(name=name, learner="student", terms=terms, phase="student_transfer")


_ALL = (
    Stage(name="teacher_pixel", learner="teacher", terms=("pix",), phase="teacher_pixel"),
    Stage(
        name=_TEACHER,
        learner="teacher",
        terms=("pix", "adv"),
        phase="teacher_adversarial",
        starts_from="teacher_pixel",
        opponent="teacher",
    ),
    _transfer("student_pixel", ("pix",)),
    _transfer("g2g_transfer", _TRANSFER),
    _transfer("gan2g_transfer", _GUIDED),
    Stage(
        name="student_final",
        learner="student",
        terms=("pix", "adv"),
        phase="student_final",
        starts_from="student_pixel",
        opponent="student",
    ),
    Stage(
        name="gan2gan_final",
        learner="student",
        terms=(*_TRANSFER, "adv"),
        phase="student_final",
        starts_from="g2g_transfer",
        opponent="student",
        opponent_taught=True,
    ),
    Stage(
        name="gan2g_final",
        learner="student",
        terms=_GUIDED,
        phase="student_final",
        starts_from="gan2g_transfer",
    ),
    Stage(
        name="gan2g_al_final",
        learner="student",
        terms=(*_TRANSFER, "dfeat", "adv"),
        phase="student_final",
        starts_from="gan2g_transfer",
        opponent="teacher",
        opponent_start="teacher",
    ),
    Stage(
        name="g2g_al_final",
        learner="student",
        terms=(*_TRANSFER, "adv"),
        phase="student_final",
        starts_from="g2g_transfer",
        opponent="student",
    ),
)

STAGES = {stage.name: stage for stage in _ALL}


def final_stage(method: str) -> Stage:
    """The stage whose generator is the method's; ValueError names the methods there are."""
    if method not in METHODS:
        raise ValueError(f"There is no method {method!r}; there are {', '.join(METHODS)}.")
    return STAGES[_TEACHER if method == "teacher" else f"{method}_final"]


def stages_for(method: str) -> tuple[Stage, ...]:
    """Every stage that the method depends on, in the order in which to train them, its own last.

    Worked example: g2g_al takes teacher_pixel, teacher_adversarial, g2g_transfer, g2g_al_final.
    """
    ordered: dict[str, Stage] = {}

    def visit(stage: Stage) -> None:
        # The teacher first: it is what the most other stages wait for.
        for name in reversed(stage.needs):
            visit(STAGES[name])
        ordered.setdefault(stage.name, stage)

    visit(final_stage(method))
    return tuple(ordered.values())
