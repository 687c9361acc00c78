"""Tensors taken out of model files of the pickle family without loading them: torch, joblib, numpy, plain pickles."""

from telamon.kits.formats.weights.reading import Weights, read_weights

__all__ = ["Weights", "read_weights"]
