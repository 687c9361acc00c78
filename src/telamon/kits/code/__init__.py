"""Readers of source code: they state what a program names, calls and passes on, and have no opinion of it."""
