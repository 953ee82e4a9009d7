"""One style for every page of this room: system fonts, light and dark, no outside resource."""

from __future__ import annotations

from html import escape
from typing import Final

STYLE: Final = """
:root{color-scheme:light dark;--bg:#f6f7f9;--card:#fff;--ink:#1b2430;--soft:#5c6878;--line:#dfe4ea;--ref:#9aa7b6;
--now:#2f6fde;--bad:#c2361f;--badbg:#fdeeea;--warn:#946200;--warnbg:#fdf4de;--good:#1b7a45;--goodbg:#e8f6ee;--code:#eef1f5}
@media(prefers-color-scheme:dark){:root{--bg:#12161c;--card:#1a2029;--ink:#e5eaf0;--soft:#98a5b5;--line:#2c3542;
--ref:#69788a;--now:#6ea2ff;--bad:#ff8a73;--badbg:#38201b;--warn:#f0c060;--warnbg:#352b17;--good:#66d08f;--goodbg:#173023;
--code:#222a35}}
*{box-sizing:border-box}body{margin:0;background:var(--bg);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main{max-width:1060px;margin:0 auto;padding:28px 24px 64px}
a{color:var(--now);text-decoration:none}a:hover{text-decoration:underline}
h1{font-size:24px;margin:6px 0 2px;letter-spacing:-.01em}h2{font-size:16px;margin:34px 0 10px}.tight{margin:14px 0 0}
.soft{color:var(--soft)}.small{font-size:13px}.num{font-variant-numeric:tabular-nums}
code{background:var(--code);border-radius:4px;padding:1px 5px;font:13px ui-monospace,"DejaVu Sans Mono",monospace}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:16px 18px}
.verdict{display:flex;gap:16px;align-items:flex-start;margin:18px 0;border-left:5px solid var(--tone)}
.verdict b{font-size:18px}.verdict p{margin:4px 0 0}.tone-bad{--tone:var(--bad);--tonebg:var(--badbg)}
.tone-warn{--tone:var(--warn);--tonebg:var(--warnbg)}.tone-good{--tone:var(--good);--tonebg:var(--goodbg)}
.tone-idle{--tone:var(--soft);--tonebg:var(--code)}
.badge{display:inline-block;padding:1px 9px;border-radius:99px;font-size:13px;font-weight:600;white-space:nowrap;
color:var(--tone);background:var(--tonebg)}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(300px,1fr));gap:14px}
.facts{display:grid;grid-template-columns:auto 1fr;gap:3px 16px;margin:0}.facts dt{color:var(--soft)}.facts dd{margin:0}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}th{text-align:left;font-weight:600;font-size:13px;color:var(--soft)}
th,td{padding:9px 12px 9px 0;border-bottom:1px solid var(--line);vertical-align:top}tr:last-child td{border-bottom:0}
ul{margin:6px 0 0;padding-left:20px}li{margin:3px 0}svg{display:block}
.ref{fill:var(--ref)}.now{fill:var(--now)}.axis{stroke:var(--line)}.key{display:inline-block;width:10px;height:10px;
border-radius:2px;margin:0 5px 0 12px}.key.r{background:var(--ref)}.key.n{background:var(--now)}
.bar{height:10px;border-radius:5px;overflow:hidden;display:flex;background:var(--code);margin:8px 0}
.bar i{display:block;height:100%}
.meter{position:relative;height:6px;border-radius:3px;background:var(--code);width:120px;margin-top:6px}
.meter i{position:absolute;left:0;top:0;bottom:0;border-radius:3px;background:var(--tone)}
.meter u{position:absolute;top:-3px;bottom:-3px;width:2px;background:var(--ink);opacity:.6}
summary{cursor:pointer;font-weight:600;margin:26px 0 8px}nav{font-size:13px}
"""


def page(title: str, body: str) -> str:
    """A complete HTML document; `body` is trusted markup, `title` is not."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="data:,"><title>{escape(title)}</title><style>{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>\n"
    )


TONES: Final = {
    "ok": ("good", "no drift"),
    "drift": ("bad", "drift"),
    "no_log": ("idle", "no log yet"),
    "not_enough_rows": ("idle", "not enough rows"),
    "not_judged": ("idle", "not judged"),
    "schema_mismatch": ("warn", "schema mismatch"),
}


def badge(status: str) -> str:
    """A small coloured word for a report's or a column's status."""
    tone, word = TONES.get(status, ("idle", status))
    return f'<span class="badge tone-{tone}">{escape(word)}</span>'
