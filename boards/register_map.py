"""The register map for documents and software, from its one definition in the golden model."""

from __future__ import annotations

from ..golden.config import EncoderConfig
from ..golden.registers import Field, Register, register_map

BYTES = 4  # of a register: byte addresses are four times their numbers

_ACCESS = {"ro": "read", "wo": "write", "rw": "read and write", "rc": "read, write 1 to clear"}


def files(config: EncoderConfig) -> dict[str, str]:
    """Return the map as a document, for C or C++, and for Python: file name to text."""
    return {
        "registers.md": "# Registers of the core\n\n" + register_table(config),
        "probecodec_registers.h": c_header(config),
        "probecodec_registers.py": python_module(config),
    }


def register_table(config: EncoderConfig) -> str:
    """Return the registers as a Markdown table."""
    lines = ["| address | register | access | bits | field | reset | meaning |"]
    lines.append("|---|---|---|---|---|---|---|")
    for name, register in register_map(config).items():
        lines.append(
            f"| {register.address} | `{name}` | {register.access} | | | | {register.doc} |"
        )
        for field_name, field in register.fields.items():
            lines.append(
                f"| | | | {_span(field)} | `{field_name}` | {field.reset:#x} | {field.doc} |"
            )
    return "\n".join(lines) + "\n"


def c_header(config: EncoderConfig) -> str:
    """Return a header for C99 and C++.

    For each register its byte offset and reset value; for each field its shift, its mask (in
    place), and macros that put it into a word and take it out of one.
    """
    guard = "PROBECODEC_REGISTERS_H"
    lines = [
        "/* Registers of the probecodec core: byte offsets, fields, reset values.",
        " * Each register is one 32-bit word; write whole words. */",
        f"#ifndef {guard}\n#define {guard}\n\n#include <stdint.h>\n",
    ]
    for name, register in register_map(config).items():
        prefix = f"PROBECODEC_{name.upper()}"
        lines.append(f"/* {name}: {_ACCESS[register.access]}. {register.doc} */")
        lines.append(f"#define {prefix}_OFFSET {register.address * BYTES:#04x}u")
        lines.append(f"#define {prefix}_RESET UINT32_C({_reset(register):#010x})")
        for field_name, field in register.fields.items():
            own = f"{prefix}_{field_name.upper()}"
            lines += [
                f"/* {name}.{field_name}: {field.doc} */",
                f"#define {own}_SHIFT {field.low}u",
                f"#define {own}_MASK UINT32_C({_mask(field):#010x})",
                f"#define {own}_PUT(value) (((uint32_t)(value) << {own}_SHIFT) & {own}_MASK)",
                f"#define {own}_GET(word) (((uint32_t)(word) & {own}_MASK) >> {own}_SHIFT)",
            ]
        lines.append("")
    return "\n".join([*lines, f"#endif /* {guard} */"]) + "\n"


def python_module(config: EncoderConfig) -> str:
    """Return a Python module that needs nothing else; its docstring shows its use."""
    parts = [_PYTHON]
    classes = []
    for name, register in register_map(config).items():
        class_name = "".join(word.capitalize() for word in name.split("_")) + "Register"
        classes.append((name, class_name))
        lines = [
            f"class {class_name}(_Register):",
            f'    """{_ACCESS[register.access].capitalize()}. {register.doc}"""\n',
            f"    OFFSET = {register.address * BYTES:#04x}",
            f"    RESET = {_reset(register):#010x}",
            f'    ACCESS = "{register.access}"',
        ]
        for field_name, field in register.fields.items():
            lines.append(f'    {field_name} = _Field({field.low}, {field.bits}, """{field.doc}""")')
        parts.append("\n".join(lines))
    lines = ["class Registers:", '    """All registers of a core."""\n', _INIT]
    lines += [f"        self.{name} = {own}(read, write)" for name, own in classes]
    return "\n\n\n".join([*parts, "\n".join(lines)]) + "\n"


def _mask(field: Field) -> int:
    return (1 << field.bits) - 1 << field.low


def _span(field: Field) -> str:
    high = field.low + field.bits - 1
    return str(high) if field.bits == 1 else f"{high}:{field.low}"


def _reset(register: Register) -> int:
    return sum(field.reset << field.low for field in register.fields.values())


_INIT = """\
    def __init__(self, read: Callable[[int], int], write: Callable[[int, int], None]) -> None:"""

_PYTHON = '''\
"""Registers of the probecodec core.

The caller tells how to reach the bus: ``read`` takes a byte offset and returns a word; ``write``
takes a byte offset and a word::

    regs = Registers(read, write)
    regs.stream_id.stream_id = 3                    # other fields of a register stay
    regs.mode.write(mode=1)                         # fields left out are 0
    if regs.status.read()["overrun"]:               # all fields, in one access
        regs.status.overrun = 1                     # a written 1 clears, the others stay
"""

from __future__ import annotations

from collections.abc import Callable


class _Field:
    """Bits of a register."""

    def __init__(self, low: int, bits: int, doc: str) -> None:
        self.low, self.bits, self.__doc__ = low, bits, doc

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, register: _Register | None, owner: type):
        return self if register is None else self.get(register.read_word())

    def __set__(self, register: _Register, value: int) -> None:
        # Bits that a written 1 clears, and those of a register that cannot be read, are left out.
        own, mask = self.put(value), (1 << self.bits) - 1 << self.low
        word = register.read_word() if register.ACCESS == "rw" else 0
        register.write_word(word & ~mask | own)

    def get(self, word: int) -> int:
        """Return the field out of a register's word."""
        return word >> self.low & (1 << self.bits) - 1

    def put(self, value: int) -> int:
        """Return a word with the field; a negative value becomes two's complement."""
        if not -(1 << self.bits - 1) <= value < 1 << self.bits:
            raise ValueError(f"{self.name} = {value} does not fit {self.bits} bits")
        return (value & (1 << self.bits) - 1) << self.low


class _Register:
    """One 32-bit word."""

    OFFSET: int
    RESET: int
    ACCESS: str

    def __init__(self, read: Callable[[int], int], write: Callable[[int, int], None]) -> None:
        self._read, self._write = read, write

    def __setattr__(self, name: str, value: object) -> None:
        if not name.startswith("_") and name not in self._fields():
            raise AttributeError(f"{type(self).__name__} has no field {name!r}")
        super().__setattr__(name, value)

    def read_word(self) -> int:
        """Return the word."""
        if self.ACCESS == "wo":
            raise AttributeError(f"{type(self).__name__} cannot be read")
        return self._read(self.OFFSET)

    def write_word(self, word: int) -> None:
        """Write the word."""
        if self.ACCESS == "ro":
            raise AttributeError(f"{type(self).__name__} cannot be written")
        self._write(self.OFFSET, word)

    def read(self) -> dict[str, int]:
        """Return all fields, in one access."""
        word = self.read_word()
        return {name: field.get(word) for name, field in self._fields().items()}

    def write(self, **values: int) -> None:
        """Write all fields, in one access; those left out are 0."""
        fields = self._fields()
        if unknown := set(values) - set(fields):
            raise AttributeError(f"{type(self).__name__} has no field {min(unknown)!r}")
        self.write_word(sum(fields[name].put(value) for name, value in values.items()))

    @classmethod
    def _fields(cls) -> dict[str, _Field]:
        return {name: field for name, field in vars(cls).items() if isinstance(field, _Field)}'''
