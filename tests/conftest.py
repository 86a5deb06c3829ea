"""Fixtures for every folder of tests."""

import json
import os
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def recordings():
    """Real recordings: name to (samples int16 (frames, channels), description).

    They stand in the folder that PROBECODEC_DATA names, or in ``shared/data`` beside the
    repository; each ``.bin`` has a ``.json`` with channels, rate_hz, adc_bits and uV_per_bit.
    """
    beside = Path(__file__).parents[2] / "shared/data"
    folder = Path(os.environ.get("PROBECODEC_DATA", beside))
    found = {}
    for description in sorted(folder.glob("*.json")):
        about = json.loads(description.read_text())
        samples = np.memmap(description.with_suffix(".bin"), "<i2", "r")
        found[description.stem] = samples.reshape(-1, about["channels"]), about
    if not found:
        pytest.skip(f"no real recordings in {folder}: set PROBECODEC_DATA")
    return found
