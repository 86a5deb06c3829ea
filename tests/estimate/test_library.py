"""Finding a library, and areas by its LEF."""

import pytest

from probecodec.estimate import liberty, library
from probecodec.golden.errors import ConfigError, ToolError

from . import hand_library


def test_a_file(tmp_path):
    path = tmp_path / "my.lib"
    path.write_text(hand_library.text())
    assert library.find(str(path)) == path
    with pytest.raises(ConfigError, match="no liberty file"):
        library.find(tmp_path / "other.lib")
    with pytest.raises(ConfigError, match=r"no \.lib file, nor one of osu018"):
        library.find("osu999")


def test_without_the_package_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(library, "user_cache_path", lambda name: tmp_path)
    monkeypatch.setattr(library, "_named_roots", lambda kept: [kept])
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=r"apt-get was not found.*packages\.debian\.org"):
        library.find("osu018")


def test_areas_of_the_lef(tmp_path):
    path = tmp_path / "my.lib"
    path.write_text(hand_library.text())
    assert library.corrected(path) == (hand_library.text(), {})
    path.with_suffix(".lef").write_text(
        "MACRO INV\n CLASS CORE ;\n SIZE 0.5 BY 2 ;\nEND INV\n"
        "MACRO NOR\n SIZE 2 BY 3.5 ;\nEND NOR\n"
    )
    text, changed = library.corrected(path)
    assert changed == {"NOR": (2.0, 7.0)}
    cells = liberty.read(text, "my.lib").cells
    assert cells["NOR"].area_um2 == 7 and cells["NAND"].area_um2 == 2
