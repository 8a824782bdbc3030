"""A study's playlists: what is judged, under which design, in which order for one rater."""

from collections.abc import Mapping, Sequence

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


def design_of(study: Study) -> playlist.Design:
    """What the options say of playlists. Raises: ValueError for what contradicts itself."""
    setup = study.setup
    return playlist.Design(
        per_rater=setup.stimuli_per_rater,
        dummies=setup.dummies,
        repeats=setup.repeats,
        reference_traps=setup.reference_traps,
        degraded_traps=setup.degraded_traps,
    )


def _keys(entries: Sequence[Entry]) -> list[playlist.StimulusKey]:
    """The entries by their number, for the playlist."""
    return [
        playlist.StimulusKey(id=number, image=entry.image, method=entry.method)
        for number, entry in enumerate(entries)
    ]


def refuse_impossible_design(study: Study) -> None:
    """Raises: Refused naming the rule that no playlist of this study can keep."""
    entries = entries_of(study)
    keys, training, seed = _keys(entries), _training(study, entries), study.seed
    try:
        design = design_of(study)
        if study.setup.relax_order or _is_one_comparison(study, entries):
            playlist.make_playlist(
                keys, seed=seed, rater_index=0, design=design, training=training, relax=True
            )
        else:
            playlist.check_design(keys, seed=seed, design=design, training=training)
    except ValueError as error:
        raise Refused(str(error)) from error


def _is_one_comparison(study: Study, entries: Sequence[Entry]) -> bool:
    """Whether two methods are compared and no others: every trial shows both, so none comes between."""
    return study.asks.scale is None and len({entry.method for entry in entries}) == 1


def playlist_for(study: Study, slot: int) -> list[tuple[Entry, playlist.PlaylistItem]]:
    """The order of trials of one slot, the same whenever it is asked for, each with what it is about.

    Whether the rules of order can hold was settled when the study was made; should the search for an
    order fail for one rater all the same, that rater gets the best order there is, not an error.
    """
    entries = entries_of(study)
    items = playlist.make_playlist(
        _keys(entries),
        seed=study.seed,
        rater_index=slot,
        design=design_of(study),
        training=_training(study, entries),
        relax=True,
    )
    return [(entries[item.stimulus_id], item) for item in items]


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
