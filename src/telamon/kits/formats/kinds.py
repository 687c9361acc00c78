"""The kinds of content that are told apart by their bytes."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """What a file is, by content; a name or suffix has no say."""

    EMPTY = "empty"
    UNKNOWN = "unknown"
    TEXT = "text"
    # Containers and compressed streams.
    ZIP = "zip"
    TAR = "tar"
    GZIP = "gzip"
    BZIP2 = "bzip2"
    XZ = "xz"
    LZMA = "lzma"
    ZLIB = "zlib"
    ZFILE = "zfile"
    LZ4 = "lz4"
    ZSTD = "zstd"
    SEVEN_ZIP = "7z"
    RAR = "rar"
    # Pickles and arrays.
    PICKLE = "pickle"
    TORCH_LEGACY = "torch-legacy"
    NPY = "npy"
    # Models and data in formats of their own.
    HDF5 = "hdf5"
    SAFETENSORS = "safetensors"
    GGUF = "gguf"
    GGML = "ggml"
    ONNX = "onnx"
    PROTOBUF = "protobuf"
    TFLITE = "tflite"
    UBJSON = "ubjson"
    XGBOOST = "xgboost"
    CATBOOST = "catboost"
    MSGPACK = "msgpack"
    MXNET = "mxnet"
    PADDLE = "paddle"
    CNTK = "cntk"
    RKNN = "rknn"
    TORCH7 = "torch7"
    EXECUTORCH = "executorch"
    TENSORRT = "tensorrt"
    R_DATA = "r-data"
    BYTECODE = "bytecode"
    SQLITE = "sqlite"
    PARQUET = "parquet"
    ARROW = "arrow"
    # Pictures, documents, what macOS keeps beside them, and programs.
    PNG = "png"
    JPEG = "jpeg"
    GIF = "gif"
    WEBP = "webp"
    PDF = "pdf"
    APPLE_DOUBLE = "apple-double"
    DS_STORE = "ds-store"
    GIT = "git"  # what Git keeps in its own folder: index, packs, objects
    HADOOP_CRC = "hadoop-crc"
    ELF = "elf"
    PE = "pe"
    MACHO = "macho"
    APE = "ape"

    @property
    def is_container(self) -> bool:
        """Whether `open_parts` takes it, if only to say that there is no reader."""
        return self in CONTAINERS

    @property
    def is_compressed_stream(self) -> bool:
        """Whether it is one content in compressed form, without names."""
        return self in COMPRESSED_STREAMS


COMPRESSED_STREAMS = frozenset({Kind.GZIP, Kind.BZIP2, Kind.XZ, Kind.LZMA, Kind.ZLIB, Kind.ZFILE, Kind.LZ4, Kind.ZSTD})
CONTAINERS = COMPRESSED_STREAMS | {Kind.ZIP, Kind.TAR, Kind.SEVEN_ZIP, Kind.RAR}
