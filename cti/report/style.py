"""The look of a report: light, dark, and black on white on A4. No script, no style attribute."""

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #0f172a; --faint: #55637a; --line: #d5dce6; --soft: #f4f6fa; --link: #1d4ed8;
  --good: #047857; --bad: #b91c1c; --answered: #2563eb; --abandoned: #dc2626; --flowout: #d9912b; --lost: #64748b;
  --m1: #b91c1c; --m2: #ea8a5a; --m3: #cbd5e1; --m4: #7fb3e6; --m5: #1d5fb8;
  --h0: #f1f4f9; --h1: #dbe7fb; --h2: #b5cff6; --h3: #86b1ef; --h4: #3a75cf; --h5: #2459b5; --h6: #153f86;
  --ready: #9fd3b8; --busy: #2563eb; --wrap: #7fb3e6; --ring: #d9912b; --pause: #cbd5e1; --back: #dc2626; }
@media screen and (prefers-color-scheme: dark) { :root { --paper: #0f172a; --ink: #eef2f8; --faint: #9fb0c7; --line: #32415a; --soft: #182338; --link: #93c5fd;
  --good: #34d399; --bad: #f87171; --answered: #5b93f5; --abandoned: #f06a6a; --flowout: #e0a54b; --lost: #8b9ab0;
  --m1: #f06a6a; --m2: #e59a72; --m3: #56657d; --m4: #6ea6e0; --m5: #3b82f6;
  --h0: #1b2840; --h1: #1d3557; --h2: #234a80; --h3: #2b62ad; --h4: #3d7fd6; --h5: #63a0ee; --h6: #a5cbfa;
  --ready: #3f8f68; --busy: #5b93f5; --wrap: #2f5f94; --ring: #e0a54b; --pause: #56657d; --back: #f06a6a; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 14px/1.5 system-ui, -apple-system, 'Noto Sans CJK SC', 'Microsoft YaHei', 'PingFang SC', 'WenQuanYi Micro Hei', sans-serif; font-variant-numeric: tabular-nums; }
main { max-width: 66rem; margin: 0 auto; padding: 1.5rem 1.25rem 3rem; }
a { color: inherit; text-decoration: underline; text-decoration-color: var(--line); text-underline-offset: 3px; }
a:hover, a:focus-visible { color: var(--link); text-decoration-color: currentColor; }
header { border-bottom: 3px solid var(--answered); padding-bottom: .7rem; margin-bottom: 1rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0; }
h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; padding-bottom: .2rem; border-bottom: 1px solid var(--line); break-after: avoid; }
h3 { font-size: 1rem; margin: 1.1rem 0 .3rem; break-after: avoid; }
p { margin: .3rem 0; } .faint, small { color: var(--faint); } small { font-size: .86em; }
.alarm { border-left: 4px solid var(--flowout); background: var(--soft); padding: .5rem .8rem; }
nav { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin-top: .5rem; font-size: .93em; }
ul.said { margin: .5rem 0 1rem; padding-left: 1.2rem; } ul.said li { margin: .15rem 0; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: .6rem; }
.tile { border: 1px solid var(--line); border-radius: 8px; padding: .55rem .75rem .6rem; background: var(--soft); break-inside: avoid; }
.tile b { display: block; font-size: 1.55rem; line-height: 1.3; font-weight: 650; }
.tile .name { font-size: .9em; } .tile small { display: block; }
.good { color: var(--good); } .bad { color: var(--bad); }
table { border-collapse: collapse; width: 100%; margin: .4rem 0; font-size: .93em; }
th, td { padding: .28rem .38rem; border-bottom: 1px solid var(--line); text-align: right; vertical-align: baseline; }
td { white-space: nowrap; } th { word-break: keep-all; } td.keys { white-space: normal; text-align: left; } td.keys span { white-space: nowrap; margin-right: .9em; display: inline-block; } td.keys code { border: 1px solid var(--line); border-radius: 3px; padding: 0 .3em; } th { font-weight: 600; color: var(--faint); } thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; }
th:first-child, td:first-child, .left { text-align: left; } tr.sum td { font-weight: 650; border-top: 2px solid var(--line); }
td svg { width: 100%; min-width: 4.5rem; height: .95rem; vertical-align: -.15em; } tr { break-inside: avoid; }
.funnel th:first-child { width: 22%; } .funnel th:nth-child(5) { width: 24%; } .funnel th:nth-child(8) { width: 24%; text-align: left; } .marks th:first-child { width: 22%; } .marks th:nth-child(6) { width: 45%; } .cards th, .cards td { padding-left: .25rem; padding-right: .25rem; }
.scroll { overflow-x: auto; }
figure { margin: .5rem 0; break-inside: avoid; } figcaption { color: var(--faint); font-size: .93em; } figure svg { display: block; width: 100%; height: auto; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-size: .9em; color: var(--faint); margin: .2rem 0; } figure .legend svg, .legend svg { display: inline-block; width: .8em; height: .8em; margin-right: .35em; vertical-align: -.05em; }
svg text { font-family: inherit; } .axis { fill: var(--faint); font-size: 12px; } .grid { stroke: var(--line); stroke-width: 1; }
.target { stroke: var(--good); stroke-width: 1.5; stroke-dasharray: 6 4; } polyline.level { fill: none; stroke: var(--answered); stroke-width: 2.2; } .dot.level { fill: var(--answered); }
.c-answered { fill: var(--answered); } .c-abandoned { fill: var(--abandoned); } .c-flowout { fill: var(--flowout); } .c-lost { fill: var(--lost); } .track { fill: var(--h0); }
.m1 { fill: var(--m1); } .m2 { fill: var(--m2); } .m3 { fill: var(--m3); } .m4 { fill: var(--m4); } .m5 { fill: var(--m5); }
.h0 { fill: var(--h0); } .h1 { fill: var(--h1); } .h2 { fill: var(--h2); } .h3 { fill: var(--h3); } .h4 { fill: var(--h4); } .h5 { fill: var(--h5); } .h6 { fill: var(--h6); }
.cellword { fill: var(--ink); font-size: 11px; } .cellword.strong { fill: var(--paper); }
.s-ready { fill: var(--ready); } .s-talking { fill: var(--busy); } .s-wrap_up { fill: var(--wrap); } .s-offered, .s-connecting, .s-cancelling { fill: var(--ring); } .s-paused { fill: var(--pause); } .s-backoff { fill: var(--back); }
dl.kpis dt { font-weight: 650; margin-top: .7rem; break-after: avoid; } dl.kpis dd { margin: 0; break-inside: avoid; } dl.kpis dt:target { background: var(--h1); }
code { font: .93em ui-monospace, 'DejaVu Sans Mono', monospace; }
@media (max-width: 640px) { .tiles { grid-template-columns: repeat(2, 1fr); } main { padding: 1rem .8rem 2rem; } h1 { font-size: 1.35rem; } }
@media print { @page { size: A4; margin: 13mm 12mm; } body { font-size: 10pt; } main { max-width: none; padding: 0; } nav { display: none; } .tile { background: none; } a { text-decoration: none; }
  .tile b { font-size: 15pt; } h1 { font-size: 18pt; } h2 { font-size: 13pt; } table { font-size: 7.6pt; } th, td { padding: .14rem .2rem; } th { word-break: normal; } td:first-child { white-space: normal; min-width: 7em; } td svg { min-width: 3.2rem; } .scroll { overflow: visible; } svg * { print-color-adjust: exact; -webkit-print-color-adjust: exact; } .newpage { break-before: page; } }
"""
#: what a Content-Security-Policy must allow for it
STYLE_HASH = "sha256-" + base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
