"""The mark of a rater: with it an answer that waited in a browser is stored for the rater who gave it.

The cookie cannot say that once somebody else has begun in the same browser. The page knows its rater's mark
and keeps it beside each answer; it opens no page, and answers no trial whose token is not known as well.
"""

from django.utils.crypto import constant_time_compare, salted_hmac

from ratings.asked import AskedTrial
from ratings.invites import token_hash
from ratings.models import Rater, Trial

MARK_LENGTH = 32  # hexadecimal digits, 128 bits


def mark_of(rater: Rater) -> str:
    """What the page keeps a rater's answers under; empty for a rater without a cookie."""
    if rater.token_hash is None:
        return ""
    return salted_hmac("ratings.marks", rater.token_hash, algorithm="sha256").hexdigest()[:MARK_LENGTH]


def marked_trial(invite: str, mark: str, token: str) -> AskedTrial | None:
    """A trial by its own token, if the mark is its rater's and the link leads to its study."""
    if len(mark) != MARK_LENGTH:
        return None
    found = Trial.objects.filter(token=token, session__rater__study__invites__token_hash=token_hash(invite))
    trial = found.select_related("session__rater__study").first()
    if trial is None or not constant_time_compare(mark_of(trial.session.rater), mark):
        return None
    return AskedTrial.of(trial)
