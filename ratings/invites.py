"""A study's invite links: derived, so that they can be printed again, and stored only as hashes."""

import base64
import hashlib
import secrets

from django.utils import timezone
from django.utils.crypto import salted_hmac

from ratings.models import Invite, Study
from srstudy.errors import Refused

TOKEN_BYTES = 20  # 160 bits, 32 characters


def new_nonce() -> str:
    """What makes one link differ from another."""
    return secrets.token_urlsafe(32)


def token_of(nonce: str) -> str:
    """The token in the link, from the nonce and the secret key."""
    digest = salted_hmac("ratings.invites", nonce, algorithm="sha256").digest()
    return base64.b32encode(digest[:TOKEN_BYTES]).decode().lower()


def token_hash(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def path_of(invite: Invite) -> str:
    """The path of one invite link, `/s/TOKEN/`.

    Raises: Refused if SECRET_KEY is not the one that the link was made with.
    """
    token = token_of(invite.nonce)
    if token_hash(token) != invite.token_hash:
        raise Refused(
            f"The invite link of {invite.study.slug} was made with another SECRET_KEY: the link printed then "
            "still works, but it cannot be printed again."
        )
    return f"/s/{token}/"


def state_of(invite: Invite, held: int | None = None) -> str:
    """`revoked`, `expired`, `used up` or `valid`, the first that is true.

    `held`: how many have a place by it now; None where that is not asked.
    """
    if invite.revoked_at is not None:
        return "revoked"
    if invite.expires_at is not None and invite.expires_at <= timezone.now():
        return "expired"
    if held is not None and invite.max_raters is not None and held >= invite.max_raters:
        return "used up"
    return "valid"


def invite_path(study: Study) -> str:
    """The path of the study's first invite link that was not revoked and has not expired.

    Raises: Refused if there is none, or SECRET_KEY is not the one that it was made with.
    """
    invites = study.invites.order_by("pk")
    invite = next((one for one in invites if state_of(one) == "valid"), None)
    if invite is None:
        raise Refused(
            f"Every invite of {study.slug} was revoked or has expired; `python manage.py invite "
            f"{study.slug}` makes one."
        )
    return path_of(invite)
