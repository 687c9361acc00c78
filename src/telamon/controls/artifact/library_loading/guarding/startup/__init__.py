"""The folder that stands on PYTHONPATH of processes below a guarded one; it holds nothing but their `sitecustomize`."""
