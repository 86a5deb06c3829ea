"""docs/boards.md says what the boards have and what the links carry."""

from pathlib import Path

import pytest

from probecodec.boards import tables

DOCUMENT = Path(__file__).parents[2] / "docs" / "boards.md"


@pytest.mark.parametrize("table", [tables.board_table, tables.link_table])
def test_the_document_has_the_table(table):
    assert table() in DOCUMENT.read_text()
