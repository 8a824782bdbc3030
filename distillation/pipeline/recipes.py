"""The options that a person asks for, what may be doubted of them, and whether their recipes are sound."""

from collections.abc import Sequence
from pathlib import Path

from distillation.pipeline.data import refusing_value_errors
from distillation.sr import capacity, config, devices, doubts, methods, optionfile, selfcheck, vgg
from srstudy.errors import Failed


def training_options(
    profile: str | None = None,
    *,
    config_file: str | None = None,
    assignments: Sequence[str] = (),
    steps: int | None = None,
    seed: int | None = None,
    device: str | None = None,
    precision: str | None = None,
    vgg_weights: str | None = None,
) -> config.Options:
    """The options of a profile with what a file and the command line change, in this order.

    Raises: Refused with the workshop's sentence for a value that cannot be, a file that cannot be read, a
    missing device, and VGG weights that are others.
    """
    flags = {"seed": seed, "device": device, "precision": precision, "vgg_file": vgg_weights}
    with refusing_value_errors():
        options = optionfile.resolve(
            profile=profile,
            file=Path(config_file).expanduser() if config_file else None,
            assignments=assignments,
            flags=flags,
            steps=steps,
        )
        devices.resolve_device(options)
        if options.vgg_file:
            # Read now: the stages that need them begin hours later.
            vgg.load_vgg(Path(options.vgg_file), sha256=options.vgg_sha256)
        return options


def remarks_on(options: config.Options) -> tuple[str, ...]:
    """Which content loss is used, and what of the options may not be meant, in a sentence each."""
    if options.vgg_sha256:
        content = f"VGG19 relu5_4 of {options.vgg_file}, SHA-256 {options.vgg_sha256[:12]}"
    else:
        content = f"pixels ({options.weights.pix_kind}); --vgg-weights would make it VGG19's"
    return (f"Content loss beside an adversarial one: {content}.", *doubts.doubts(options))


def shown(options: config.Options) -> str:
    """The options as TOML, which `distill --config` reads back."""
    return optionfile.to_toml(options)


def check_recipes(method: str, options: config.Options) -> dict[str, tuple[str, ...]]:
    """For each stage of a method, or of all, what is wrong with its training graph; () where it is sound.

    Raises: Failed if memory does not suffice.
    """
    try:
        found = selfcheck.check_recipes(options)
    except (RuntimeError, MemoryError) as error:
        if not capacity.ran_out_of_memory(error):
            raise
        raise Failed("Memory does not suffice for these networks with a batch of this size.") from error
    if method == "all":
        return found
    return {stage.name: found[stage.name] for stage in methods.stages_for(method)}
