"""A study's invite link: derived, so that it can be printed again, and stored only as a hash."""

import base64
import hashlib
import secrets

from django.utils.crypto import salted_hmac

from ratings.models import Study
from srstudy.errors import Refused

TOKEN_BYTES = 20  # 160 bits, 32 characters


def new_nonce() -> str:
    """What makes one study's link differ from another's."""
    return secrets.token_urlsafe(32)


def token_of(nonce: str) -> str:
    """The token in the link, from the nonce and the secret key."""
    digest = salted_hmac("ratings.invites", nonce, algorithm="sha256").digest()
    return base64.b32encode(digest[:TOKEN_BYTES]).decode().lower()


def token_hash(token: str) -> str:
    """What the database keeps of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def invite_path(study: Study) -> str:
    """The path of the invite link, `/s/TOKEN/`.

    Raises: Refused if SECRET_KEY is not the one that the link was made with.
    """
    token = token_of(study.invite_nonce)
    if token_hash(token) != study.invite_hash:
        raise Refused(
            f"The invite link of {study.slug} was made with another SECRET_KEY: the link printed then still "
            "works, but it cannot be printed again."
        )
    return f"/s/{token}/"
