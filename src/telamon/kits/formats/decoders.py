"""Decoders of compressed streams behind one interface, each bounded in what one call returns and in memory."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from zstandard import ZstdDecompressionObj

_MAX_BLOCK_BYTES = 128 * 1024  # Block_Maximum_Size, RFC 8878, 3.1.1.2.4
_RAW, _RLE = 0, 1  # Block_Type, RFC 8878, 3.1.1.2.2

MAX_WINDOW_BYTES = 128 * 1024 * 1024
"""Most memory for a stream's window or dictionary: zstd's own limit for decoders, and twice what `xz -9` asks."""


class WindowError(Exception):
    """A stream asks for a window beyond `MAX_WINDOW_BYTES`; stays inside this kit."""


class CorruptError(Exception):
    """A stream breaks its own format; stays inside this kit."""


class Decoder(Protocol):
    """One compressed stream, after the interface of `bz2.BZ2Decompressor`."""

    @property
    def eof(self) -> bool:
        """Whether the end mark was reached."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more input."""

    @property
    def unused_data(self) -> bytes:
        """Input behind the end mark."""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Returns up to `max_length` unpacked bytes."""


class InflateDecoder:
    """Deflate with a zlib header (`wbits` 15, RFC 1950) or without (-15, RFC 1951)."""

    __slots__ = ("_decoder", "_has_more", "_tail")

    def __init__(self, wbits: int) -> None:
        self._decoder = zlib.decompressobj(wbits)
        self._tail = b""
        self._has_more = False

    @property
    def eof(self) -> bool:
        """Whether the end mark was reached."""
        return self._decoder.eof

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more input."""
        return not self._has_more

    @property
    def unused_data(self) -> bytes:
        """Input behind the end mark."""
        return self._decoder.unused_data

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Returns up to `max_length` unpacked bytes."""
        unpacked = self._decoder.decompress(self._tail + data, max_length)
        self._tail = self._decoder.unconsumed_tail
        self._has_more = bool(self._tail) or len(unpacked) == max_length
        return unpacked


class ZstdDecoder:
    """One zstd frame (RFC 8878), fed block by block, because a block is what bounds its output: 128 KiB."""

    __slots__ = ("_checksum_bytes", "_frame", "_held", "_is_last", "_unpacked", "eof", "needs_input")

    def __init__(self) -> None:
        self._held = bytearray()
        self._unpacked = b""
        self._frame: ZstdDecompressionObj | None = None
        self._checksum_bytes = 0
        self._is_last = False
        self.eof = False
        self.needs_input = True

    @property
    def unused_data(self) -> bytes:
        """Input behind the end mark."""
        return bytes(self._held) if self.eof else b""

    def decompress(self, data: bytes, max_length: int) -> bytes:
        """Returns up to `max_length` unpacked bytes."""
        self._held += data
        while not self._unpacked and not self.eof:
            units = self._next_units()
            if not units:
                self.needs_input = True
                return b""
            self._unpacked = self._feed(units)
        given, self._unpacked = self._unpacked[:max_length], self._unpacked[max_length:]
        self.needs_input = False
        return given

    def _feed(self, unit: bytes) -> bytes:
        import zstandard  # noqa: PLC0415 - costs start-up that other files do not need

        if self._frame is None:
            self._frame = zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW_BYTES).decompressobj()
        try:
            return self._frame.decompress(unit)
        except zstandard.ZstdError as error:
            raise CorruptError(str(error)) from error

    def _next_units(self) -> bytes:
        """Returns the frame header, the next blocks or the checksum, once all of it is there."""
        if self._frame is None:
            return self._header()
        if self._is_last:
            length = self._checksum_bytes
            if length and len(self._held) >= length:
                self._checksum_bytes = 0
                return self._take(length)
            self.eof = not length
            return b""
        return self._blocks()

    def _blocks(self) -> bytes:
        """Returns blocks that unpack to no more than one of the largest, so that tiny ones cost no call each."""
        held, end, unpacked = self._held, 0, 0
        while not self._is_last and end + 3 <= len(held):  # Block_Header, RFC 8878, 3.1.1.2
            header = held[end] | held[end + 1] << 8 | held[end + 2] << 16
            size, kind = header >> 3, header >> 1 & 3
            block_end = end + 3 + (1 if kind == _RLE else size)
            unpacked += size if kind in {_RAW, _RLE} else _MAX_BLOCK_BYTES
            if block_end > len(held) or (end and unpacked > _MAX_BLOCK_BYTES):
                break
            end = block_end
            self._is_last = bool(header & 1)
        return self._take(end)

    def _header(self) -> bytes:
        import zstandard  # noqa: PLC0415 - costs start-up that other files do not need

        if len(self._held) < 5:  # noqa: PLR2004 - magic and Frame_Header_Descriptor
            return b""
        descriptor = self._held[4]
        is_single = bool(descriptor >> 5 & 1)
        length = 5 + (not is_single) + (0, 1, 2, 4)[descriptor & 3]
        length += (int(is_single), 2, 4, 8)[descriptor >> 6]
        if len(self._held) < length:
            return b""
        try:
            parameters = zstandard.get_frame_parameters(bytes(self._held[:length]))
        except zstandard.ZstdError as error:
            raise CorruptError(str(error)) from error
        if parameters.window_size > MAX_WINDOW_BYTES:
            raise WindowError(f"a window of {parameters.window_size} bytes")
        self._checksum_bytes = 4 if parameters.has_checksum else 0
        return self._take(length)

    def _take(self, length: int) -> bytes:
        unit = bytes(self._held[:length])
        del self._held[:length]
        return unit


def lzma_in_zip_decoder(properties: bytes) -> Decoder:
    """Returns a decoder for method 14 of zip, from its 5 bytes of properties (APPNOTE.TXT, 5.8.8).

    Raises:
        CorruptError: The properties are none.
        WindowError: The dictionary is larger than is granted.
    """
    import lzma  # noqa: PLC0415 - costs start-up that other files do not need

    try:
        packed, dictionary = struct.unpack("<BI", properties)
    except struct.error as error:
        raise CorruptError("properties of the wrong length") from error
    if packed >= 225:  # noqa: PLR2004 - (pb * 5 + lp) * 9 + lc
        raise CorruptError("properties out of range")
    if dictionary > MAX_WINDOW_BYTES:
        raise WindowError(f"a dictionary of {dictionary} bytes")
    chain = {
        "id": lzma.FILTER_LZMA1,
        "lc": packed % 9,
        "lp": packed // 9 % 5,
        "pb": packed // 45,
        "dict_size": max(dictionary, 4096),
    }
    try:
        return lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=[chain])
    except lzma.LZMAError as error:
        raise CorruptError(str(error)) from error
