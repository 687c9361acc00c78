"""What a hostile case is, and what the scanner must say of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Technique(StrEnum):
    """How a payload is written or hidden; the groups of the hostile corpus."""

    STANDARD_LIBRARY = "standard-library"
    FRAMEWORKS = "frameworks"
    OPCODES = "opcodes"
    SPELLINGS = "spellings"
    NAMES = "names"
    INDIRECTION = "indirection"
    COMPUTED = "computed"
    STATE = "state"
    MEMO = "memo"
    DIALECT = "dialect"
    BROKEN = "broken"
    SEQUENCES = "sequences"
    NESTED = "nested"
    CARRIED_CODE = "carried-code"
    JOBLIB = "joblib"
    NUMPY = "numpy"
    TORCH_ZIP = "torch-zip"
    TORCH_OLD = "torch-old"
    ZIP_TRICKS = "zip-tricks"
    WRAPPERS = "wrappers"
    POLYGLOTS = "polyglots"
    FILE_NAMES = "file-names"
    BOMBS = "bombs"
    ADVISORIES = "advisories"
    STRUCTURED = "structured"
    IMAGES = "images"
    SEVEN_ZIP = "7z"
    KERAS = "keras"
    ONNX = "onnx"
    TENSORFLOW = "tensorflow"
    HDF5 = "hdf5"
    HEADERS = "headers"
    TEMPLATES = "templates"
    YAML = "yaml"
    PYTHON_CODE = "python-code"
    SHELL_CODE = "shell-code"
    TREES = "trees"
    OBJECTS = "objects"
    GRAPHS = "graphs"
    XML = "xml"
    AGENT_SKILLS = "agent-skills"
    AGENT_RULES = "agent-rules"
    TOOL_SERVERS = "tool-servers"
    AGENT_VARIANTS = "agent-variants"


class Expectation(StrEnum):
    """What the scanner must say at the default gate."""

    PAYLOAD = "payload"
    """A finding of high severity or above about what a pickle does, not only about the container around it."""

    FLAGGED = "flagged"
    """Some finding of high severity or above."""

    REFUSED = "refused"
    """A verdict other than clean and not-applicable: the format is broken, unsupported or only grows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One hostile file.

    Attributes:
        name: Unique; names the advisory where there is one.
        technique: Its group.
        data: The file.
        expectation: What the scanner must say.
        twin: The same construction without the payload, which must not be flagged; `None` where the construction
            itself is what is wrong.
        file_name: What the file is called.
    """

    name: str
    technique: Technique
    data: bytes
    expectation: Expectation = Expectation.PAYLOAD
    twin: bytes | None = None
    file_name: str = "model.bin"
