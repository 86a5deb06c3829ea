"""Recovery of waveforms and spikes from the measurements of the projection."""

from .detect import Detector, Spikes
from .dictionary import Dictionary, learn_dictionary
from .lista import Lista
from .lmmse import Lmmse
from .measure import dequantise, identity, measure
from .omp import Omp
from .sort import sort_units
from .statistics import Statistics, learn, nearest
from .templates import Templates, cut_templates

__all__ = [
    "Detector",
    "Dictionary",
    "Lista",
    "Lmmse",
    "Omp",
    "Spikes",
    "Statistics",
    "Templates",
    "cut_templates",
    "dequantise",
    "identity",
    "learn",
    "learn_dictionary",
    "measure",
    "nearest",
    "sort_units",
]
