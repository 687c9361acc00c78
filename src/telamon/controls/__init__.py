"""The controls: one wing per kind of subject, one folder per mitigation; found by `telamon.catalog`."""
