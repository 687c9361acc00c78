"""Exit codes of a process that ends for a signal's reason, as shells count them: 128 and the signal's number."""

INTERRUPTED = 130  # SIGINT
BROKEN_PIPE = 141  # SIGPIPE
