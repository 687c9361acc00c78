"""One file per command; a file's name is the command's name and its `command` is the click command."""
