"""Runs the command line, in this process or in one of its own."""

import os
import sys

from click.testing import CliRunner

from probecodec.host.cli import main


def run(*arguments, status=0):
    """Run in this process; return the result."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == status, result.output
    return result


def fails(*arguments):
    """The sentence of a run that fails; nothing may have been written."""
    before = sorted(os.listdir())
    result = run(*arguments, status=2)
    assert result.stdout == "" and sorted(os.listdir()) == before
    return result.stderr.splitlines()[-1]


def program(*arguments, before=""):
    """The program as a process of its own, after the Python statements ``before``."""
    code = f"{before}\nfrom probecodec.host.cli import main; main()"
    return [sys.executable, "-c", code, *arguments]
