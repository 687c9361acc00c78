"""Checking: the checkers of all controls, run over everything that the user or the policy names."""
