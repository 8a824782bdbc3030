"""What each rater is shown, in which order and on which side, drawn from a seed under constraints."""

from ratings.playlist.design import Design, PlaylistItem, StimulusKey
from ratings.playlist.lists import check_design, make_playlist

__all__ = ["Design", "PlaylistItem", "StimulusKey", "check_design", "make_playlist"]
