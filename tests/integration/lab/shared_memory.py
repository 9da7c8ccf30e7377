# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 the Headrace authors

"""The files in a run directory without the programs' help: `status` read, `tables` spoiled.

dataplane/abi/ is the contract; the places of fields here are taken from it.
"""

import os
import struct

MASK = (1 << 64) - 1
ABI_NONE = 0xffffffff
MAGIC_TABLES = 0x53454c4241545248
HEAP = 4096
SETTINGS, SERVICE, BACKEND, RING, NEXT_HOP, LOCAL_POOL, ROUTES, HOST_ADDRESSES = range(1, 9)

# Of struct abi_file and struct abi_tables.
MAGIC, VERSION, SIZE, PUBLISHED, ROOTS = 0, 8, 16, 64, 128
REF, ROOT = struct.Struct("<IIQQQQ"), struct.Struct("<QQQQQQQQ")


def checksum(data):
    """abi_checksum()."""
    total = 0x9e3779b97f4a7c15 ^ len(data)
    data = bytes(data) + bytes(-len(data) % 8)
    for (word,) in struct.iter_unpack("<Q", data):
        total = (total ^ word) * 0xff51afd7ed558ccd & MASK
        total ^= total >> 32
    total = total * 0xc4ceb9fe1a85ec53 & MASK
    return total ^ (total >> 29)


class Status:
    """What the dataplane says of itself, read from its file as any program may."""

    def __init__(self, headrace):
        self.path = headrace.run_dir / "status"

    def _number(self, offset, width=8):
        with open(self.path, "rb") as file:
            return int.from_bytes(os.pread(file.fileno(), width, offset), "little")

    state = property(lambda self: ("starting", "running", "stopping")[self._number(72, 4)])
    taken = property(lambda self: self._number(104), doc="generation the workers forward by")
    refused = property(lambda self: self._number(112), doc="the last generation refused")
    refusals = property(lambda self: self._number(120), doc="how many")

    @property
    def refusal(self):
        """Why the last one was refused."""
        with open(self.path, "rb") as file:
            return os.pread(file.fileno(), 256, 152).split(b"\0")[0].decode()


class Tables:
    """The live `tables`, as it was when this was made, and ways to spoil it in place."""

    def __init__(self, headrace):
        self.path = headrace.run_dir / "tables"
        self.file = os.open(self.path, os.O_RDWR)
        self.generation = self._u64(PUBLISHED)
        self.root = list(ROOT.unpack(self._read(ROOTS + self.generation % 2 * ROOT.size, ROOT.size)))
        directory = self._read(self.root[2], self.root[3] * REF.size)
        self.refs = [list(ref) for ref in REF.iter_unpack(directory)]
        self.end = max([self.root[2] + len(directory)] + [ref[3] + ref[4] for ref in self.refs])
        self.good = self._read(0, self.end)
        self.size = os.fstat(self.file).st_size

    def close(self):
        """Lets go of the file."""
        os.close(self.file)

    def _read(self, offset, length):
        return os.pread(self.file, length, offset)

    def _u64(self, offset):
        return int.from_bytes(self._read(offset, 8), "little")

    def object(self, kind, index=0):
        """Position in the directory of an object."""
        return next(i for i, ref in enumerate(self.refs) if ref[0] == kind and ref[1] == index)

    def write(self, offset, data):
        """Overwrites bytes of the live file."""
        os.pwrite(self.file, data, offset)

    def restore(self):
        """All as it was."""
        os.ftruncate(self.file, self.size)
        self.write(HEAP, self.good[HEAP:])
        self.write(0, self.good[:HEAP])

    def publish(self, change_object=None, change_ref=None, change_root=None):
        """The next generation: the good one with one change, every sum right.

        change_object: (position, offset, bytes); change_ref: (position, field, value);
        change_root: (field, value). Fields as in struct abi_ref and struct abi_root.
        """
        self.generation += 1
        refs = [list(ref) for ref in self.refs]
        if change_object:
            position, offset, data = change_object
            start, length = refs[position][3], refs[position][4]
            spoiled = bytearray(self.good[start:start + length])
            spoiled[offset:offset + len(data)] = data
            refs[position][5] = checksum(spoiled)
            self.write(start + offset, data)
        if change_ref:
            position, field, value = change_ref
            refs[position][field] = value
        directory = b"".join(REF.pack(*ref) for ref in refs)
        root = list(self.root)
        root[0], root[4] = self.generation, checksum(directory)
        if change_root:
            root[change_root[0]] = change_root[1]
        root[7] = checksum(ROOT.pack(*root)[:56])
        self.write(self.root[2], directory)
        self.write(ROOTS + self.generation % 2 * ROOT.size, ROOT.pack(*root))
        self.write(PUBLISHED, self.generation.to_bytes(8, "little"))

    def mend(self, change_object):
        """Takes a change of an object back; the next generation covers the rest."""
        position, offset, data = change_object
        start = self.refs[position][3] + offset
        self.write(start, self.good[start:start + len(data)])
