"""Options that can be and are seldom meant, each said in one sentence before hours are spent on them."""

from collections.abc import Iterator

import torch

from distillation.sr.config import GeneratorShape, Options
from distillation.sr.devices import resolve_device, uses_bfloat16

_PHASES = ("teacher_pixel", "teacher_adversarial", "student_transfer", "student_final")
_FRESH = ("teacher_pixel", "student_transfer")


def doubts(options: Options) -> tuple[str, ...]:
    """What somebody who chose these options may not have meant; empty for every profile on its own.

    Raises: ValueError if the device is missing.
    """
    return tuple(_doubts(options))


def _doubts(options: Options) -> Iterator[str]:
    student, teacher = macs_per_lr_pixel(options.student), macs_per_lr_pixel(options.teacher)
    if student >= teacher:
        yield (
            f"The student takes {student:,} multiply-accumulates per input pixel and its teacher "
            f"{teacher:,}: it will not be the cheaper one."
        )
    device = resolve_device(options)
    slow = device.type == "cpu" and not torch.cpu._is_avx512_bf16_supported()
    if slow and uses_bfloat16(options, device):
        yield "This processor has no bfloat16 instructions: --precision bf16 is slower than fp32 here."
    for name in _PHASES:
        phase = getattr(options, name)
        if phase.lr_end > phase.lr_start:
            yield f"The learning rate of {name} rises, from {phase.lr_start:g} to {phase.lr_end:g}."
    for name in _FRESH:
        steps = getattr(options, name).steps
        if options.warm_up_steps >= steps:
            yield (
                f"The warm-up of {options.warm_up_steps} steps outlasts the {steps} of {name}: its learning "
                "rate is never reached."
            )


def macs_per_lr_pixel(shape: GeneratorShape) -> int:
    """Multiply-accumulates for one input pixel, from the shape alone; `cost` counts them in a network.

    Worked example: SRGAN's generator, 16 blocks of 64 channels, takes 2,218,176.
    """
    width = shape.channels
    trunk = 9 * width**2 * (2 * shape.blocks + 1)
    if shape.lite:
        outside = 9 * 3 * width + 9 * width * 48
    else:
        # 9x9 head; two sub-pixel stages, at 1 and 4 times the pixels; 9x9 tail at 16 times.
        outside = 81 * 3 * width + 36 * width**2 * (1 + 4) + 16 * 81 * width * 3
    skip = 3 * 16 * 25 if shape.global_skip else 0
    return outside + trunk + skip
