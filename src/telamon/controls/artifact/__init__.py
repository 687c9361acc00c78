"""The artifact wing: model files, packages and what is known about them."""
