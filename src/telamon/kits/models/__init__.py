"""Small real models, trained or written on the spot, for demonstrations and experiments."""
