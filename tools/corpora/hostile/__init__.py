"""Hostile files by technique: each would run an inert payload in a real loader, exhaust it, or hide one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from corpora.hostile import (
    advisories,
    agent_skills,
    agent_variants,
    bombs,
    carried_code,
    code_python,
    code_shell,
    computed,
    dialect,
    frameworks,
    graph_models,
    hdf5_files,
    header_files,
    image_files,
    indirection,
    joblib_files,
    keras_files,
    memo,
    names,
    nested,
    numpy_files,
    object_files,
    onnx_files,
    opcodes,
    polyglots,
    sequences,
    standard_library,
    state,
    structured_files,
    templates,
    tensorflow_files,
    tool_servers,
    torch_files,
    tree_models,
    wrappers,
    xml_files,
    yaml_files,
    zip_tricks,
)

if TYPE_CHECKING:
    from corpora.case import Case

MODULES = (
    standard_library,
    frameworks,
    opcodes,
    names,
    indirection,
    computed,
    state,
    memo,
    dialect,
    sequences,
    nested,
    carried_code,
    joblib_files,
    numpy_files,
    torch_files,
    zip_tricks,
    wrappers,
    yaml_files,
    polyglots,
    bombs,
    advisories,
    structured_files,
    image_files,
    keras_files,
    onnx_files,
    tensorflow_files,
    hdf5_files,
    header_files,
    templates,
    code_python,
    code_shell,
    tree_models,
    object_files,
    graph_models,
    xml_files,
    agent_skills,
    tool_servers,
    agent_variants,
)


def cases() -> tuple[Case, ...]:
    """Return every hostile case, built anew."""
    return tuple(case for module in MODULES for case in module.cases())
