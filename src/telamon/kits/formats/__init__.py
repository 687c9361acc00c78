"""Bounded readers of file formats: they describe what a file holds and judge nothing."""
