"""SRStudy: from a super-resolution model to an opinion score that holds up."""

__version__ = "0.1.0"
