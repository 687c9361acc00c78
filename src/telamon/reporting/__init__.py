"""Reports: what a run of `check` or `prove` says, as a value, and the formats that it is written in."""
