"""Results with and without each screening rule, side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from ratings.analysis.arrays import Floats
from ratings.analysis.estimates import Estimated, estimate
from ratings.analysis.options import SCREENINGS, AnalysisOptions
from ratings.analysis.prepared import Prepared

SENSITIVITY_COLUMNS = (
    *("screening", "method", "n_raters", "raters_rejected", "dmos", "ci_low", "ci_high", "rank"),
    *("change", "largest_stimulus_change", "estimator", "ci", "note"),
)


def sensitivity(prepared: Prepared, options: AnalysisOptions) -> pd.DataFrame:
    """Estimate every method under each screening rule, all else as in `options`.

    Columns: `SENSITIVITY_COLUMNS`, a row a rule and method. `change` is the method's score minus the one
    without screening, `largest_stimulus_change` the largest absolute change of one of its stimuli, `rank`
    the method's place from the lowest score up (equal scores share the average). A rule under which nothing
    can be estimated has NaN scores and says why in `note`. A person's decisions over the rules do not
    enter: these are the rules themselves.
    """
    plain, why_not = _under("none", prepared, options)
    blocks = [_block("none", prepared, options, plain, why_not, plain)]
    for rule in SCREENINGS[1:]:
        found, why_not = _under(rule, prepared, options)
        blocks.append(_block(rule, prepared, options, found, why_not, plain))
    return pd.concat(blocks, ignore_index=True)[list(SENSITIVITY_COLUMNS)]


def _under(rule: str, prepared: Prepared, options: AnalysisOptions) -> tuple[Estimated | None, str]:
    votes = prepared.votes
    try:
        table = prepared.screened_by(rule, compat=options.compat)
        found = estimate(table, options, votes.method_codes(), len(votes.methods()), stimuli=False)
    except ValueError as error:
        return None, str(error)
    return found, ""


def _block(
    rule: str,
    prepared: Prepared,
    options: AnalysisOptions,
    found: Estimated | None,
    note: str,
    plain: Estimated | None,
) -> pd.DataFrame:
    methods = prepared.votes.methods()
    rejecting = {"bt500": "bt500_rejects", "correlation": "correlation_rejects"}
    rejected = int(prepared.screening.raters[rejecting[rule]].sum()) if rule in rejecting else 0
    nothing: Floats = np.full(len(methods), np.nan)
    columns: dict[str, object] = {
        "screening": rule,
        "method": methods,
        "n_raters": 0,
        "raters_rejected": rejected,
        **dict.fromkeys(("dmos", "ci_low", "ci_high", "rank", "change", "largest_stimulus_change"), nothing),
        "estimator": options.estimator,
        "ci": "none",
        "note": note,
    }
    if found is not None:
        groups = found.groups
        columns |= {
            "n_raters": groups.n_raters,
            "dmos": groups.dmos,
            "ci_low": groups.ci_low,
            "ci_high": groups.ci_high,
            "rank": nothing
            if options.normalised_over == "method"  # where scores cannot rank methods
            else stats.rankdata(groups.dmos, nan_policy="omit"),
            "ci": found.group_ci,
        }
        if plain is not None:
            moved = pd.Series(np.abs(found.stimuli.dmos - plain.stimuli.dmos))
            largest = moved.groupby(prepared.votes.method_codes()).max().reindex(range(len(methods)))
            columns |= {
                "change": groups.dmos - plain.groups.dmos,
                "largest_stimulus_change": largest.to_numpy(),
            }
    return pd.DataFrame(columns)
