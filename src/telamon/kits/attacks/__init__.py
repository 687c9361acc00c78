"""Attacks and their targets, for experiments: inert payloads, real loaders, bounded children, temporary folders."""
