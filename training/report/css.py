"""The page's look: by day, by night and on paper.

Inks of figures are variables of it. Clouds of points are pictures in a figure and know no variables: by night their
light and dark change places, and hues stay.
"""

from __future__ import annotations

from typing import Final

_DAY: Final = (
    "--ink:#22303c;--soft:#556570;--paper:#fdfdfd;--faint:#b9c6cf;--line:#dde4e8;--accent:#0b6e8f;--warm:#c8553d;"
    "--say:#eef5f8;--good:#1b6e3c;--wait:#8a5a00;--bad:#a8281e;color-scheme:light"
)
_NIGHT: Final = (
    "--ink:#dfe7ec;--soft:#9fb0bb;--paper:#14191d;--faint:#4d5c66;--line:#2b353c;--accent:#57b7d6;--warm:#f08a6f;"
    "--say:#1b2830;--good:#6fce95;--wait:#e7b65c;--bad:#f2877d;color-scheme:dark"
)

CSS: Final = f"""
:root{{{_DAY}}}
@media (prefers-color-scheme:dark){{:root{{{_NIGHT}}}}}
@media screen and (prefers-color-scheme:dark){{svg image{{filter:invert(1) hue-rotate(180deg)}}}}
@media print{{:root{{{_DAY};--paper:#fff}}@page{{margin:14mm}}}}
body{{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1180px;
margin:1.4rem auto 4rem;padding:0 1rem}}
h1{{font-size:1.7rem;margin:0}}h2{{font-size:1.2rem;margin:2.4rem 0 .6rem;border-bottom:1px solid var(--line)}}
h3{{font-size:1rem;margin:1.4rem 0 .4rem}}p{{margin:.35rem 0}}ul{{margin:.35rem 0;padding-left:1.2rem}}
.lead{{font-size:1.05rem}}.meta,.note{{color:var(--soft);font-size:.88rem}}
.decision{{border:1px solid;border-left-width:6px;padding:.5rem 1rem;margin:.8rem 0;border-radius:4px}}
.decision p,.decision ul{{margin:.1rem 0}}.decision li{{color:var(--ink)}}
.sign{{font-weight:700;margin-right:.5rem}}.accept,.passed{{color:var(--good)}}.hold{{color:var(--wait)}}
.reject,.missed{{color:var(--bad)}}.decision.hold{{border-style:dashed}}.decision.reject{{border-style:double}}
.head{{display:grid;grid-template-columns:minmax(0,1.1fr) minmax(0,1fr);gap:1.4rem;align-items:start;margin:.8rem 0}}
.say{{background:var(--say);border-left:4px solid var(--accent);padding:.5rem 1rem;border-radius:0 4px 4px 0}}
.cards{{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:.7rem;margin-top:.9rem}}
.cards.two{{grid-template-columns:repeat(2,minmax(0,1fr))}}.passed,.missed,.unbroken{{white-space:nowrap}}
article{{border:1px solid var(--line);border-top:5px solid;border-radius:4px;padding:.4rem .7rem;font-size:.86rem;
line-height:1.4;overflow-wrap:anywhere}}article h3{{margin:.1rem 0}}.size b{{font-size:1.25rem}}
nav{{margin:1.4rem 0 0;font-size:.9rem}}nav a{{color:var(--accent);margin-right:1rem;white-space:nowrap}}
.wide{{overflow-x:auto;max-width:100%;margin:.5rem 0}}
table{{border-collapse:collapse;font-size:.88rem}}td,th{{padding:.25rem .7rem;text-align:left;
vertical-align:top;border-bottom:1px solid var(--line)}}th{{max-width:14rem}}
td.n,th.n{{text-align:right;font-variant-numeric:tabular-nums}}td.n{{white-space:nowrap}}
code{{background:var(--say);padding:0 .25rem;border-radius:3px}}
p code,li code{{overflow-wrap:anywhere}}td code{{display:inline-block;width:max-content;max-width:21rem}}
.pictures{{display:flex;flex-wrap:wrap;gap:1.6rem 2rem;align-items:flex-start}}
figure{{margin:.4rem 0;max-width:100%}}figcaption{{font-size:.88rem;color:var(--soft);margin-bottom:.3rem}}
figcaption b{{color:var(--ink);display:block}}svg{{display:block;width:100%;height:auto}}
svg text{{font-family:'DejaVu Sans',Verdana,'Helvetica Neue',Arial,sans-serif;white-space:pre}}
svg *{{stroke-linejoin:round;stroke-linecap:butt}}summary{{cursor:pointer;color:var(--accent);margin:.5rem 0}}
@media (max-width:820px){{.head{{grid-template-columns:minmax(0,1fr)}}}}
@media print{{body{{font-size:11px;max-width:none;margin:0}}figure,tr,article,.decision{{break-inside:avoid}}
h2,h3{{break-after:avoid}}nav{{display:none}}.wide{{overflow:visible}}.wide table{{font-size:9px}}
details::details-content{{content-visibility:visible;height:auto}}}}
"""
