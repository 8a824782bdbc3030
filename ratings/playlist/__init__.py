"""What each rater is shown, in which order and on which side, drawn from a seed under constraints."""

from ratings.playlist.design import Design, PlaylistItem, StimulusKey
from ratings.playlist.kept import keeps_rules
from ratings.playlist.lists import check_design, make_playlist

# Of the rules that make the lists: it grows when the same seed would give other lists.
PLAYLIST_VERSION = 3

__all__ = [
    "PLAYLIST_VERSION",
    "Design",
    "PlaylistItem",
    "StimulusKey",
    "check_design",
    "keeps_rules",
    "make_playlist",
]
