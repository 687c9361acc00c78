"""What container readers notice: stable codes with one sentence each; nothing is judged here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self


class ObservationCode(StrEnum):
    """One noticed fact; `sentence` says what it means for every file that shows it."""

    sentence: str

    def __new__(cls, value: str, sentence: str) -> Self:
        """Makes a member of its value and its sentence."""
        code = str.__new__(cls, value)
        code._value_ = value
        code.sentence = sentence
        return code

    # Limits that the caller set.
    BUDGET_UNPACKED = "budget-unpacked-bytes", "Unpacking stopped at the allowed number of bytes."
    BUDGET_RATIO = (
        "budget-ratio",
        "The content unpacks to so many times its packed size that unpacking stopped.",
    )
    BUDGET_DEPTH = "budget-depth", "Containers are nested deeper than is followed."
    BUDGET_MEMBERS = "budget-members", "The container has more members than are listed."
    BUDGET_DEADLINE = "budget-deadline", "The time allowed for this file ran out."
    NO_SPACE = "no-space", "There was no room for the unpacked content."
    NOT_SUPPORTED = "container-not-supported", "The container is recognised, but there is no reader for it."

    # Compressed streams.
    STREAM_TRUNCATED = "stream-truncated", "The compressed stream ends before its end mark."
    STREAM_CORRUPT = "stream-corrupt", "The compressed stream breaks off at bytes that do not decode."
    STREAM_CHECKSUM = (
        "stream-checksum",
        "The unpacked bytes do not have the checksum or length that the stream states.",
    )
    STREAM_TRAILING = "stream-trailing-data", "Bytes follow the end of the compressed stream."
    STREAM_WINDOW = "stream-window", "The stream asks for more memory to unpack than is granted."
    STREAM_SEVERAL = "stream-several", "The file is several compressed streams one after the other."

    # Zip: the archive as a whole.
    ZIP_NO_DIRECTORY = "zip-no-directory", "No end-of-central-directory record leads to a central directory."
    ZIP_SEVERAL_DIRECTORIES = "zip-several-directories", "Readers can find different central directories."
    ZIP_DIRECTORY_BROKEN = "zip-directory-broken", "The central directory ends early or holds something else."
    ZIP_COUNT_DIFFERS = "zip-count-differs", "The stated number of members is not the number listed."
    ZIP_MULTI_DISK = "zip-multi-disk", "The archive says that it is one of several volumes."
    ZIP_PREPENDED = "zip-prepended-data", "Bytes stand before the first member."
    ZIP_TRAILING = "zip-trailing-data", "Bytes follow the end of the archive."
    ZIP_UNREFERENCED = "zip-unreferenced-bytes", "Bytes between the members belong to none of them."
    ZIP_UNLISTED = (
        "zip-unlisted-member",
        "A member has a local header, but the central directory does not list it.",
    )
    ZIP_OVERLAP = (
        "zip-members-overlap",
        "Two members share bytes, as in archives that unpack to far more than their size.",
    )

    # Zip: one member.
    ZIP_LOCAL_MISSING = "zip-local-missing", "The central directory points to a place without a local header."
    ZIP_NAME_DIFFERS = (
        "zip-name-differs",
        "The member has one name in the central directory, another in its header.",
    )
    ZIP_SIZE_DIFFERS = "zip-size-differs", "The central directory and the local header state different sizes."
    ZIP_METHOD_DIFFERS = (
        "zip-method-differs",
        "The central directory and the local header state different methods.",
    )
    ZIP_FLAGS_DIFFER = "zip-flags-differ", "The central directory and the local header state different flags."
    ZIP_CRC_DIFFERS = (
        "zip-crc-differs",
        "The central directory and the local header state different checksums.",
    )
    ZIP_STORED_SIZES = "zip-stored-sizes-differ", "A member that is not compressed has two different sizes."
    ZIP_LENGTH_WRONG = "zip-length-wrong", "The member does not unpack to the size that the archive states."
    ZIP_CRC_WRONG = (
        "zip-crc-wrong",
        "The content does not have the stated checksum; torch reads it all the same.",
    )
    ZIP_ENCRYPTED = "zip-encrypted", "The member is marked as encrypted; some readers ignore the mark."
    ZIP_METHOD_UNKNOWN = "zip-method-unsupported", "The member is compressed by a method without a reader."
    ZIP_PAST_END = "zip-member-past-end", "The member is said to reach past the end of the file."
    ZIP_DESCRIPTOR = (
        "zip-data-descriptor",
        "The member's sizes follow its content, so that streaming readers guess its end.",
    )
    ZIP_EXTRA_BROKEN = "zip-extra-broken", "The member's extra field cannot be read."

    # Names, in any archive.
    NAME_DUPLICATE = (
        "name-duplicate",
        "Two members have the same name; which one is read depends on the reader.",
    )
    NAME_FOLDS = "name-folds", "Two names differ only by case, composition, separators or what follows a NUL."
    NAME_ABSOLUTE = "name-absolute", "The name is an absolute path."
    NAME_TRAVERSAL = "name-traversal", "The name leads out of the folder that the archive is unpacked to."
    NAME_CONTROL = (
        "name-control-characters",
        "The name holds characters that steer terminals or end the name early.",
    )
    NAME_NOT_UTF8 = "name-not-utf8", "The name is not valid UTF-8, so readers disagree on it."
    NAME_EMPTY = "name-empty", "The member has no name."

    # Tar.
    TAR_CHECKSUM = "tar-checksum", "A header's checksum does not fit, where readers stop or skip."
    TAR_TRUNCATED = "tar-truncated", "The archive ends inside a member or without its end mark."
    TAR_FIELD = "tar-field", "A header field cannot be read as what it should be."
    TAR_LINK = "tar-link", "The member is a symbolic or hard link."
    TAR_LINK_OUTSIDE = "tar-link-outside", "The link leads out of the folder that the archive is unpacked to."
    TAR_SPECIAL = "tar-special-file", "The member is a device, a FIFO or of an unknown type."
    TAR_SPARSE = "tar-sparse", "The member is stored with holes; its stored bytes are given."
    TAR_TRAILING = "tar-trailing-data", "Bytes follow the end mark of the archive."
    TAR_SIZE_DIFFERS = (
        "tar-size-differs",
        "An extended header overrides the size that the member's own header states.",
    )

    # 7z.
    SEVEN_ZIP_HEADER = "7z-header", "The header of the archive cannot be read."
    SEVEN_ZIP_ENCRYPTED = "7z-encrypted", "The content is encrypted."
    SEVEN_ZIP_METHOD = "7z-method-unsupported", "The content is packed by a method without a reader."
    SEVEN_ZIP_CRC = "7z-crc-wrong", "The content does not have the stated checksum."
    SEVEN_ZIP_UNREFERENCED = "7z-unreferenced-bytes", "Bytes between the packed streams belong to none of them."
    SEVEN_ZIP_TRAILING = "7z-trailing-data", "Bytes follow the end of the archive."

    # numpy files.
    NPY_HEADER = "npy-header", "The header is not the literal that the format asks for."
    NPY_HEADER_EXTRA = "npy-header-extra", "The header has keys or bytes beyond those of the format."
    NPY_TRUNCATED = "npy-truncated", "The file ends before the array does."
    NPY_TRAILING = "npy-trailing-data", "Bytes follow the array."
    NPY_VERSION = "npy-version", "The file states a version of the format that does not exist."


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """One fact noticed while reading a container.

    Attributes:
        code: Which fact.
        message: One line in lower case, names in backticks and printable.
        member: Path of the member concerned, components joined by `!`; empty for the outermost file.
        offset: Byte offset in the container that was read (not in the outermost file), where there is one.
    """

    code: ObservationCode
    message: str
    member: str = ""
    offset: int | None = None
