"""Differential fuzzing of the pickle machine against CPython's own C unpickler."""
