"""The profiles smoke, demo, cpu and paper, and in one place all that makes a run's options."""

from dataclasses import fields, replace
from typing import Any

from distillation.sr.options import Options, digest, from_dict, to_dict, to_record
from distillation.sr.parts import SCALE, DiscriminatorShape, GeneratorShape, LossWeights, Phase

__all__ = [
    "METHODS",
    "PROFILES",
    "SCALE",
    "DiscriminatorShape",
    "GeneratorShape",
    "LossWeights",
    "Options",
    "Phase",
    "digest",
    "from_dict",
    "profile",
    "to_dict",
    "to_record",
    "with_steps",
]

METHODS = ("teacher", "student", "gan2gan", "gan2g", "gan2g_al", "g2g_al")


def _smoke() -> Options:
    """Every stage in a fraction of a second: for tests and for trying out an installation."""
    return Options(
        profile="smoke",
        teacher=GeneratorShape(blocks=2, channels=8, lite=True, global_skip=True),
        student=GeneratorShape(blocks=1, channels=4, lite=True, global_skip=True),
        teacher_discriminator=DiscriminatorShape(channels=4, dense=8),
        student_discriminator=DiscriminatorShape(channels=2, dense=4),
        patch_px=32,
        batch=4,
        teacher_pixel=Phase(steps=8, lr_start=1e-3, lr_end=1e-4),
        teacher_adversarial=Phase(steps=4, lr_start=1e-4, lr_end=1e-5),
        student_transfer=Phase(steps=8, lr_start=1e-3, lr_end=1e-4),
        student_final=Phase(steps=2, lr_start=1e-4, lr_end=5e-6),
        weights=LossWeights(),
        ema_decay=0.9,
        report_every=4,
        validate_every=4,
        threads=1,
    )


def _demo() -> Options:
    """All ten stages in some two to three minutes on two CPU cores, past bicubic on unseen photographs.

    The networks add to the bicubic image, which is what makes a few thousand small batches enough; the
    learning rates are higher than those of long runs for the same reason, and the average is shorter. So
    few updates against a small discriminator show only at ten times the usual adversarial weight.
    """
    return Options(
        profile="demo",
        teacher=GeneratorShape(blocks=8, channels=32, lite=True, global_skip=True),
        student=GeneratorShape(blocks=4, channels=16, lite=True, global_skip=True),
        teacher_discriminator=DiscriminatorShape(channels=12, dense=64),
        student_discriminator=DiscriminatorShape(channels=6, dense=32),
        patch_px=64,
        batch=8,
        teacher_pixel=Phase(steps=2400, lr_start=1e-3, lr_end=2e-5),
        teacher_adversarial=Phase(steps=300, lr_start=1e-4, lr_end=1e-5),
        student_transfer=Phase(steps=1200, lr_start=2e-3, lr_end=5e-5),
        student_final=Phase(steps=240, lr_start=1e-4, lr_end=5e-6),
        weights=LossWeights(adv=0.01),
        discriminator_lr=3e-4,
        ema_decay=0.99,
        # Layers this thin leave a second core little to do, and threads that wait for each other come to
        # a crawl as soon as another program wants a core.
        threads=1,
    )


def _cpu() -> Options:
    """SRGAN's own generators with a global skip, at a length that one CPU core trains in about two hours.

    The profile of the weights that are shipped.
    """
    return Options(
        profile="cpu",
        teacher=GeneratorShape(blocks=16, channels=64, global_skip=True),
        student=GeneratorShape(blocks=8, channels=32, global_skip=True),
        teacher_discriminator=DiscriminatorShape(channels=32, dense=512),
        student_discriminator=DiscriminatorShape(channels=16, dense=256),
        patch_px=80,
        batch=6,
        teacher_pixel=Phase(steps=7000, lr_start=5e-4, lr_end=1e-5),
        teacher_adversarial=Phase(steps=800, lr_start=1e-4, lr_end=1e-5),
        student_transfer=Phase(steps=4000, lr_start=1e-3, lr_end=3e-5),
        student_final=Phase(steps=800, lr_start=1e-4, lr_end=5e-6),
        weights=LossWeights(adv=0.005),
        discriminator_lr=2e-4,
        warm_up_steps=200,
        report_every=100,
        checkpoint_seconds=60.0,
        threads=1,
        precision="auto",
    )


def _paper() -> Options:
    """SRGAN's own sizes and schedule (Ledig et al., CVPR 2017, section 3.2), with the default student.

    There: batch 16, patches of 96 px, MSE on [-1, 1], 10^6 updates at 1e-4, then 10^5 at 1e-4 and 10^5 at
    1e-5 against the discriminator; the last two are one cosine here. The student's budget is ours.
    """
    return Options(
        profile="paper",
        teacher=GeneratorShape(blocks=16, channels=64),
        student=GeneratorShape(blocks=8, channels=32),
        teacher_discriminator=DiscriminatorShape(channels=64, dense=1024),
        student_discriminator=DiscriminatorShape(channels=32, dense=512),
        patch_px=96,
        batch=16,
        teacher_pixel=Phase(steps=1_000_000, lr_start=1e-4, lr_end=1e-4),
        teacher_adversarial=Phase(steps=200_000, lr_start=1e-4, lr_end=1e-5),
        student_transfer=Phase(steps=800_000, lr_start=2e-4, lr_end=1e-5),
        student_final=Phase(steps=200_000, lr_start=1e-4, lr_end=5e-6),
        weights=LossWeights(pix_kind="mse4"),
        report_every=1000,
        checkpoint_seconds=300.0,
        validate_every=10_000,
    )


PROFILES = {"smoke": _smoke, "demo": _demo, "cpu": _cpu, "paper": _paper}


def profile(name: str, **changes: Any) -> Options:
    """The named profile with the given fields changed, e.g. `profile("demo", seed=1)`.

    Raises: ValueError if the profile, or a field, is unknown, or a changed value is impossible.
    """
    if name not in PROFILES:
        raise ValueError(f"There is no profile {name!r}; there are {', '.join(PROFILES)}.")
    unknown = sorted(set(changes) - {field.name for field in fields(Options)})
    if unknown:
        raise ValueError(f"There is no option {unknown[0]!r}.")
    return replace(PROFILES[name](), **changes)


def with_steps(options: Options, steps: int) -> Options:
    """The same run, shorter or longer: `steps` for the teacher's pixel stage, the others in proportion.

    The warm-up is in proportion too, or a short run would end before its learning rate is reached.
    """
    if steps < 1:
        raise ValueError(f"The number of steps is 1 or more, not {steps}.")
    factor = steps / options.teacher_pixel.steps

    def scaled(phase: Phase) -> Phase:
        return replace(phase, steps=max(1, round(phase.steps * factor)))

    return replace(
        options,
        teacher_pixel=scaled(options.teacher_pixel),
        teacher_adversarial=scaled(options.teacher_adversarial),
        student_transfer=scaled(options.student_transfer),
        student_final=scaled(options.student_final),
        warm_up_steps=round(options.warm_up_steps * factor),
    )
