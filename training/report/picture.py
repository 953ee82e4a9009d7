"""A figure as part of a page: an inline SVG whose inks are the page's, with words beside it."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import Final
from zlib import crc32

from matplotlib.figure import Figure

from training.report.html import Html, joined, tag
from training.report.style import VARIABLES

_DOTS_PER_INCH: Final = 110  # of the clouds of points, which would be thousands of elements otherwise
# What a file of its own would need, and a page with twenty of them must not repeat.
_NEEDLESS: Final = re.compile(
    r'<metadata>.*?</metadata>|<style type="text/css">.*?</style>|<!--.*?-->| xmlns(:xlink)?="[^"]*"', re.DOTALL
)
_GROUP_NAME: Final = re.compile(r'<g id="[^"]*"')
# The page names the font once, and what stands in for it: all of them narrower, so that nothing runs over.
_FONT: Final = "font-family: 'DejaVu Sans'; "
_NAME: Final = re.compile(r'( id="|href="#|url\(#)')
_INK: Final = re.compile("|".join(VARIABLES))


@dataclass(frozen=True)
class Picture:
    """One figure, what it is, and how to read it."""

    title: str
    note: str
    figure: Figure

    def to_html(self) -> Html:
        """A `<figure>`, as wide as it was drawn and no wider than its place."""
        inches = self.figure.get_figwidth()
        caption = tag("figcaption", tag("b", self.title), " ", self.note)
        return tag("figure", caption, self._svg(), style=f"width:{inches * 96:.0f}px")

    def _svg(self) -> Html:
        sink = io.StringIO()
        self.figure.savefig(sink, format="svg", dpi=_DOTS_PER_INCH, metadata={"Date": None}, transparent=True)
        drawn = sink.getvalue()
        drawn = _NEEDLESS.sub("", drawn[drawn.index("<svg") :])
        drawn = _GROUP_NAME.sub("<g", drawn).replace(_FONT, "")
        # A name is one element's in the whole page, whose titles differ.
        drawn = _NAME.sub(rf"\g<1>f{crc32(self.title.encode()):x}", drawn)
        drawn = _INK.sub(lambda found: VARIABLES[found.group()], drawn)
        size = re.search(r'viewBox="([^"]*)"', drawn)
        assert size is not None
        opening = f'<svg role="img" viewBox="{size.group(1)}">{tag("title", self.title)}'
        return Html(opening + drawn[drawn.index(">") + 1 :])


def pictures(*drawn: Picture | None) -> Html:
    """Side by side where there is room; nothing where none was drawn."""
    shown = [one for one in drawn if one is not None]
    return tag("div", joined(one.to_html() for one in shown), class_="pictures") if shown else Html("")
