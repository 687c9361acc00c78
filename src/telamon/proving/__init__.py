"""Proving: every experiment with its control off and on, judged by what happened at the target."""
