"""A study's playlists: what is judged, under which design, in which order for one rater."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from ratings import playlist
from ratings.methodologies import Entry
from ratings.models import Study
from srstudy.errors import Refused


def stimulus_keys(study: Study) -> list[playlist.StimulusKey]:
    """The study's stimuli as a methodology takes them, always in the same order."""
    rows = study.stimuli.order_by("pk").values_list("pk", "image", "method")
    return [playlist.StimulusKey(id=pk, image=image, method=method) for pk, image, method in rows]


def entries_of(study: Study) -> list[Entry]:
    """What a rater of the study judges, each once. Raises: Refused if there is nothing."""
    entries = study.asks.entries(stimulus_keys(study))
    if not entries:
        raise Refused(f"Study {study.slug} has nothing to judge by {study.asks.label}: it needs two methods.")
    return entries


def design_of(study: Study, entries: Sequence[Entry]) -> playlist.Design:
    """What the options say of playlists. Raises: ValueError for what contradicts itself.

    Where two methods are compared and no others, every trial shows both, and methods cannot be kept apart.
    """
    setup = study.setup
    is_one_comparison = study.asks.scale is None and len({entry.method for entry in entries}) == 1
    return playlist.Design(
        per_rater=setup.stimuli_per_rater,
        dummies=setup.dummies,
        repeats=setup.repeats,
        reference_traps=setup.reference_traps,
        degraded_traps=setup.degraded_traps,
        methods_apart=not is_one_comparison,
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """One slot's trials in their order, each with what it is about; `relaxed`: a rule of order gave way."""

    trials: list[tuple[Entry, playlist.PlaylistItem]]
    relaxed: bool


def _keys(entries: Sequence[Entry]) -> list[playlist.StimulusKey]:
    """The entries by their number, for the playlist."""
    return [
        playlist.StimulusKey(
            id=number,
            image=entry.image,
            method=entry.method,
            shown=() if entry.other_id is None else tuple(entry.method.split("|")),
        )
        for number, entry in enumerate(entries)
    ]


def split_companions(
    entries: Sequence[Entry],
) -> tuple[list[playlist.StimulusKey], list[playlist.StimulusKey]]:
    """The entries that a playlist draws from, and the hidden references that come with their images."""
    keys = _keys(entries)
    drawn = [key for key, entry in zip(keys, entries, strict=True) if entry.shown == "test"]
    return drawn, [key for key, entry in zip(keys, entries, strict=True) if entry.shown != "test"]


def refuse_impossible_design(study: Study) -> None:
    """Raises: Refused naming the rule that no playlist of this study can keep, and what drops it."""
    try:
        _try_design(study, relax=study.setup.relax_order)
    except ValueError as error:
        way_out = ""
        with suppress(ValueError):
            if not study.setup.relax_order:
                _try_design(study, relax=True)
                way_out = "; --relax-order makes the study all the same"
        said = str(error).replace("per_rater", "stimuli_per_rater").rstrip(".")
        raise Refused(f"{said}{way_out}") from error


def _try_design(study: Study, *, relax: bool) -> None:
    """Raises: ValueError naming a rule that no playlist can keep; relaxed, one that is not about order."""
    entries = entries_of(study)
    keys, companions = split_companions(entries)
    training = _training(study, entries)
    design = design_of(study, entries)
    if relax:
        playlist.make_playlist(
            keys,
            seed=study.seed,
            rater_index=0,
            design=design,
            training=training,
            companions=companions,
            relax=True,
        )
    else:
        playlist.check_design(keys, seed=study.seed, design=design, training=training, companions=companions)


def playlist_for(study: Study, slot: int) -> Plan:
    """The order of trials of one slot, the same whenever it is asked for.

    Whether the rules of order can hold was settled when the study was made, for some hundreds of slots;
    should the search for an order fail for a later one all the same, that rater gets the best order there
    is, not an error, and the plan says so.
    """
    entries = entries_of(study)
    keys, companions = split_companions(entries)
    training, design = _training(study, entries), design_of(study, entries)

    def plan(*, relax: bool, gave_way: bool = False) -> Plan:
        made = playlist.make_playlist(
            keys,
            seed=study.seed,
            rater_index=slot,
            design=design,
            training=training,
            companions=companions,
            relax=relax,
        )
        relaxed = gave_way or not playlist.keeps_rules(made, [*keys, *companions], design)
        return Plan([(entries[item.stimulus_id], item) for item in made], relaxed=relaxed)

    try:
        return plan(relax=study.setup.relax_order)
    except ValueError:
        return plan(relax=True, gave_way=True)


def _training(study: Study, entries: Sequence[Entry]) -> list[playlist.StimulusKey]:
    psnr = dict(study.stimuli.values_list("pk", "psnr"))
    return spread_training(entries, psnr=psnr, wanted=study.setup.training)


def spread_training(
    entries: Sequence[Entry], *, psnr: Mapping[int, float], wanted: int
) -> list[playlist.StimulusKey]:
    """Entries spread evenly over the range of quality, the worst first, no image twice in a row if possible.

    Quality is PSNR, in dB by stimulus; of a pair of methods, how far apart they are.
    """
    if not wanted:
        return []

    def quality(number: int) -> float:
        entry = entries[number]
        if entry.other_id is not None:
            return abs(psnr[entry.stimulus_id] - psnr[entry.other_id])
        return psnr[entry.stimulus_id] if entry.shown == "test" else float("inf")

    ranked = sorted(range(len(entries)), key=lambda number: (quality(number), number))
    ranks = {value: rank for rank, value in enumerate(sorted({quality(number) for number in ranked}))}
    level = [ranks[quality(number)] for number in ranked]
    keys, chosen = _keys(entries), list[playlist.StimulusKey]()
    for step in range(wanted):
        at = round(step * (len(ranked) - 1) / max(1, wanted - 1))
        near = sorted(range(len(ranked)), key=lambda one: (abs(level[one] - level[at]), abs(one - at), one))
        # Two of one image in a row would be compared with each other.
        fits = [other for other in near if not chosen or keys[ranked[other]].image != chosen[-1].image]
        chosen.append(keys[ranked[(fits or near)[0]]])
    return chosen
