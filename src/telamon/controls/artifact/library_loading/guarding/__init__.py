"""The guard of a program's own loads: an audit hook that decides what loaders may fetch and what loads may do.

Everything here but `installing` is imported in every Python process below `telamon run`, before the program itself, and
stands on the standard library alone, so that it works in environments that have nothing else of telamon's.
"""
