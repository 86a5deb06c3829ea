"""Made-up estimates in the shape that tables, pictures and pages take."""

from probecodec.estimate.result import Figure, unknown
from probecodec.estimate.system import Cost, sweep


def figure(value, low, high, method="m"):
    return Figure(value, low, high, method).as_json()


FPGA = {
    "target": "arty-a7",
    "kind": "fpga",
    "preset": "adaptive",
    "channels": 384,
    "sample_bits": 10,
    "rate_hz": 30e3,
    "samples_hz": 11.52e6,
    "clock_hz": 25e6,
    "node_nm": 28,
    "resources": {"LUT": {"used": 2411, "there": 20800}, "BRAM": {"used": 6.5, "there": None}},
    "stages": {"gate": {"LUT": 120, "BRAM": 0}, "pipeline.lms": {"LUT": 901}},
    "fmax_hz": [88e6, 93.1e6, 90e6],
    "power": {
        "static": figure(62e-3, 50e-3, 80e-3, "vendor sheet"),
        "clock": figure(3e-3, 2e-3, 5e-3),
        "link": unknown("no figure for its pins").as_json(),
    },
    "energy_per_sample_j": figure(5.6e-9, 3e-9, 9e-9),
    "bits_per_sample": 4.6,
}
ASIC = {
    "target": "gf180mcu",
    "kind": "asic",
    "preset": "tiny",
    "channels": 384,
    "sample_bits": 10,
    "rate_hz": 30e3,
    "samples_hz": 11.52e6,
    "clock_hz": 11.52e6,
    "node_nm": 180,
    "stages": {"gate": {"gates": 820}, "packer": {"gates": 1900}},
    "fmax_hz": [61e6],
    "power": {"gates": figure(4e-4, 3e-4, 6e-4), "memories": figure(1e-3, 4e-4, 3e-3)},
    "energy_per_sample_j": figure(120e-12, 60e-12, 300e-12),
    "bits_per_sample": 5.0,
    "area_um2": figure(1.1e6, 0.85e6, 2e6),
    "kgates": 14.2,
}
BARE = {"target": "bare", "kind": "fpga", "preset": "delta", "channels": 96, "rate_hz": 30e3}


def points():
    cost = Cost(
        static_w=Figure(1e-6), clock_w=Figure(3e-5), dynamic_j_per_sample=Figure(9e-11),
        bits_per_sample=5.0,
    )  # fmt: skip
    return sweep(lambda *_: cost, ["tiny"], [96, 384], [0, 50e6], rate_hz=30e3, raw_bits=10)
