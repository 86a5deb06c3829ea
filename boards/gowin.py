"""Gowin boards by nextpnr-himbaechel, which took the place of the nextpnr-gowin Amaranth calls."""

from amaranth_boards.tang_nano_9k import TangNano9kPlatform

_PLACE = r"""
{{invoke_tool("nextpnr-himbaechel")}}
    {{quiet("--quiet")}}
    {{get_override("nextpnr_opts")|options}}
    --log {{name}}.tim
    --device {{platform.part}}
    --vopt family={{platform._chipdb_device}}
    --vopt cst={{name}}.cst
    --json {{name}}.syn.json
    --write {{name}}.pnr.json
"""


class TangNano9k(TangNano9kPlatform):
    """The Tang Nano 9K of amaranth-boards, with the tools of today."""

    @property
    def required_tools(self) -> list[str]:
        return [
            tool.replace("nextpnr-gowin", "nextpnr-himbaechel") for tool in super().required_tools
        ]

    @property
    def command_templates(self) -> list[str]:
        synthesis, _, pack = super().command_templates[:3]
        return [synthesis, _PLACE, pack]
