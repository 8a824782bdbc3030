"""What recruiting services put into the link of an invitation, and the way back to them at the end."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

# https://researcher-help.prolific.com (URL parameters) and the ExternalQuestion of Amazon Mechanical Turk.
PARAMETERS: Final = (
    *("PROLIFIC_PID", "STUDY_ID", "SESSION_ID"),
    *("workerId", "assignmentId", "hitId", "turkSubmitTo"),
)
PERSON_IDS: Final = ("PROLIFIC_PID", "workerId")
LONGEST: Final = 200
PROLIFIC_END: Final = ("app.prolific.com", "/submissions/complete")
MTURK_SUBMIT: Final = ("https://www.mturk.com", "https://workersandbox.mturk.com")
# A browser also asks of where the answer to a form leads on to whether a page's form may go there.
MTURK_ORIGINS: Final = (*MTURK_SUBMIT, "https://worker.mturk.com")
MTURK_PREVIEW: Final = "ASSIGNMENT_ID_NOT_AVAILABLE"


@dataclass(frozen=True, slots=True)
class WayBack:
    """Where a rater who is done goes: a link, or with `fields` a form that is posted there."""

    address: str
    fields: Mapping[str, str] = field(default_factory=dict)


def recruited_from(given: Mapping[str, str]) -> dict[str, str]:
    """The parameters of recruiting services among those given, each cut at 200 characters."""
    # PostgreSQL stores no NUL in a text.
    taken = {name: given.get(name, "").replace("\0", "")[:LONGEST] for name in PARAMETERS}
    return {name: value for name, value in taken.items() if value}


def way_back(return_url: str, *, code: str, recruited: Mapping[str, str]) -> WayBack | None:
    """The way back to whoever sent the rater, with their completion code; None where there is none.

    `return_url` is the study's option, and counts first: `{code}`, `{PROLIFIC_PID}` and the other
    parameters' names in braces are filled in, quoted for an address, and Prolific's address of completed
    submissions gets `cc=CODE` unless it has a code. Without it a worker of Mechanical Turk, who came with
    `assignmentId` and `turkSubmitTo`, gets the form that hands the assignment in.
    """
    if return_url:
        return WayBack(_filled(return_url, code, recruited))
    return _to_mturk(code, recruited)


def _filled(url: str, code: str, recruited: Mapping[str, str]) -> str:
    for name in ("code", *PARAMETERS):
        value = code if name == "code" else recruited.get(name, "")
        url = url.replace(f"{{{name}}}", quote(value, safe=""))
    parts = urlsplit(url)
    if (parts.hostname, parts.path.rstrip("/")) == PROLIFIC_END:
        query = parse_qsl(parts.query)
        if not dict(query).get("cc"):
            url = parts._replace(query=urlencode([*query, ("cc", code)])).geturl()
    return url


def _to_mturk(code: str, recruited: Mapping[str, str]) -> WayBack | None:
    """The form that hands an assignment in, to a host of Mechanical Turk and nobody else."""
    assignment, submit_to = recruited.get("assignmentId", ""), recruited.get("turkSubmitTo", "").rstrip("/")
    if assignment in ("", MTURK_PREVIEW) or submit_to not in MTURK_SUBMIT:
        return None
    return WayBack(f"{submit_to}/mturk/externalSubmit", {"assignmentId": assignment, "completion_code": code})
