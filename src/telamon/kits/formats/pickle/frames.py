"""PROTO and FRAME, the opcodes about the stream itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from telamon.kits.formats.pickle.constants import read_size
from telamon.kits.formats.pickle.endings import Break, Fault
from telamon.kits.formats.pickle.opcodes import HIGHEST_PROTOCOL

if TYPE_CHECKING:
    from telamon.kits.formats.pickle.machine import Machine


def load_proto(machine: Machine) -> None:
    """PROTO may stand anywhere and holds from there on."""
    protocol = machine.data[machine.read(1)]
    if protocol > HIGHEST_PROTOCOL:
        raise Break(Fault.PROTOCOL, f"unsupported pickle protocol: {protocol}")
    machine.protocol = protocol
    machine.highest_protocol = max(machine.highest_protocol, protocol)


def load_frame(machine: Machine) -> None:
    """FRAME: so many bytes must be there; a reader of files takes them into its buffer at once.

    A frame within a frame changes nothing as long as it fits in (`_Unpickler_Read` finds it in the buffer).
    """
    size = read_size(machine, 8)
    if machine.is_framed and machine.position + size <= machine.window:
        return
    start = machine.cross(size)
    if size:
        machine.position = start
        machine.window = start + size
        machine.is_framed = True
