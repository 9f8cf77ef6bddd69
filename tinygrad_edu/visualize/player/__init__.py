"""The player: a page that steps through both sweeps, written by `play`."""

from tinygrad_edu.visualize.player._play import Page, play

__all__ = ["Page", "play"]
