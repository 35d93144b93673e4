"""The studio's script as files: a table for spreadsheets, and a page to print for each language."""

import csv
import io
from collections.abc import Iterable
from html import escape
from itertools import groupby

from cti.prompts.script import PHRASES, Line

_STYLE = """
@page { size: A4; margin: 15mm; }
body { font: 12pt/1.45 'Noto Serif CJK SC', 'Songti SC', SimSun, Georgia, serif; max-width: 60rem; margin: 1rem auto; padding: 0 1rem; color: #111; background: #fff; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin: 1.5rem 0 .3rem; break-after: avoid; }
table { border-collapse: collapse; width: 100%; }
tr { break-inside: avoid; }
td { border-top: 1px solid #bbb; padding: .35rem .6rem .35rem 0; vertical-align: top; }
td:first-child { width: 2.2rem; text-align: right; color: #666; } td:last-child { width: 1.6rem; font-size: 16pt; color: #666; }
.text { font-size: 14pt; } .reading { font-family: Georgia, serif; color: #444; }
.note { font-size: 10pt; color: #444; font-style: italic; } .file { font: 9pt ui-monospace, monospace; color: #666; overflow-wrap: anywhere; }
"""
_WORDS = {
    "zh": {
        "title": "录音稿（中文）",
        "about": "每一条存成一个文件，文件名如下所列（后缀任意：wav、flac 等），48 kHz、16 位以上、单声道，前后各留半秒静音，峰值不超过 -6 dB，不加混响和压缩。逐字照读。",
        "sum": "共 {count} 条，约 {minutes:.0f} 分钟",
        PHRASES: "通用语句",
        "say": "数字、金额、日期、时间的组成部分（连在一起播放，音调和语速务必一致）",
        "flow": "流程 {name}",
    },
    "en": {
        "title": "Script for the speaker (English)",
        "about": "One file for each line, named as below (any suffix: wav, flac …), 48 kHz, 16 bits or more, mono, half a second of silence at both ends, peaks below -6 dB, no reverb, no compression. Read to the letter.",
        "sum": "{count} lines, about {minutes:.0f} minutes",
        PHRASES: "Sentences used in many places",
        "say": "Pieces of numbers, amounts, dates and times (played one after another: same pitch, same pace throughout)",
        "flow": "Flow {name}",
    },
}
_COLUMNS = ("group", "file", "language", "id", "text", "reading", "notes", "seconds", "where")


def as_csv(lines: Iterable[Line]) -> str:
    """Return the script as CSV; its first character tells spreadsheets that it is UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for line in lines:
        writer.writerow(
            (line.group, line.file, line.language, line.id, line.text, line.reading, line.notes, f"{line.seconds:.1f}", "; ".join(line.where))
        )
    return "\ufeff" + out.getvalue()


def as_page(lines: Iterable[Line], language: str) -> str:
    """Return the script of one language as an HTML page to print; nothing in it comes from elsewhere."""
    mine = [line for line in lines if line.language == language]
    words = _WORDS.get(language, _WORDS["en"])
    minutes = sum(line.seconds + 3 for line in mine) / 60  # with the pauses between takes
    numbers = {line: number for number, line in enumerate(mine, 1)}
    groups = "".join(
        f"<h2>{escape(words.get(name, words['flow'].format(name=name)))}</h2><table>{''.join(_row(numbers[line], line) for line in found)}</table>"
        for name, found in groupby(mine, key=lambda line: line.group)
    )
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8"><title>{words["title"]}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{words['title']}</h1><p>{words['about']}</p>"
        f"<p>{words['sum'].format(count=len(mine), minutes=minutes)}</p>{groups}</body></html>\n"
    )


def _row(number: int, line: Line) -> str:
    reading = f'<div class="reading">{escape(line.reading)}</div>' if line.reading else ""
    where = f" · {escape('; '.join(line.where))}" if line.where else ""
    return (
        f'<tr><td>{number}</td><td><div class="text">{escape(line.text)}</div>{reading}<div class="note">{escape(line.notes)}</div>'
        f'<div class="file">{escape(line.file)}.wav{where}</div></td><td>☐</td></tr>'
    )
