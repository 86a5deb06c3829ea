"""The picture book: one file that fetches nothing, with every picture and table."""

import pytest

from probecodec.bench import published
from probecodec.bench.book import book

from ..host.report.page_reader import Reader
from .sample_bench import bench

EVIL = '<script>alert("1")</script>&'
COMMAND = ["probecodec", "bench", "a.bin", "--html", "book.html"]


@pytest.fixture(scope="module")
def read():
    return Reader(book([bench(notes=[EVIL]), bench(name=f"{EVIL}.bin")], COMMAND))


def test_it_is_alone(read):
    assert all(source.startswith("data:image/svg+xml;base64,") for source in read.sources)
    assert not {"script", "link", "iframe"} & set(read.tags)


def test_every_picture_and_table_is_there(read):
    assert read.tags.count("img") == 1 + 2 * 5  # over all; five of each recording
    assert read.tags.count("table") == 1 + 2 * 2 + 1  # summary; sizes, entropies; published
    for told in ("a: 400 frames (13 ms), 24 channels, 10 bits", *COMMAND, "numpy", "Python"):
        assert told in read.text
    assert EVIL in read.text and all(work.source in read.text for work in published.works())


def test_one_recording_needs_no_overview():
    assert Reader(book([bench()], COMMAND)).tags.count("img") == 5
