"""Reads the structure of HDF5 files: groups, attributes, links and where data sets keep their bytes."""

from telamon.kits.formats.hdf5.facts import Attribute, ExternalFile, Fact, FilterUse, Gap, Link, LinkKind, Storage
from telamon.kits.formats.hdf5.reading import read_hdf5

__all__ = ["Attribute", "ExternalFile", "Fact", "FilterUse", "Gap", "Link", "LinkKind", "Storage", "read_hdf5"]
