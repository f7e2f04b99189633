"""A list of effects that a reader filters and sorts: what its script is given, and the script."""

import base64
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from genome_keras.pictures.listed_rows import ListedRows
from genome_keras.pictures.page_frame import data_for_script, paragraph

_LARGEST = 32_767
_TOOLS = """<div class="tools">
<label>{rows} with <input id="words" placeholder="{hint}"/></label>
<label>factor <select id="factor"></select></label>
<label>cell <select id="cell"></select></label>
<label>{effect} <select id="sign"><option value="0">any</option><option value="1">{more}</option>
<option value="-1">{less}</option></select></label>
<label>of at least <input id="least" type="number" min="0" step="any" size="6"/></label>
<span class="soft" id="count"></span></div>
<div class="scroll"><table id="list"><thead id="head"></thead><tbody id="body"></tbody></table>
</div>
<div class="tools"><button id="before" type="button">previous</button>
<button id="after" type="button">next</button></div>
<noscript>The list of all {rows} needs JavaScript.</noscript>"""


class ListWords(NamedTuple):
    """What a list calls its rows and their effects.

    Attributes:
        row, rows: one row, and several.
        effect: what a number is.
        more, less: a number above and below 0.
        hint: words that a reader might look for.
        anchor: what stands before the number of a row's pictures in the page's anchors.

    Example:
        >>> ListWords(row="letter", rows="letters").more
        'gain'
    """

    row: str = "allele"
    rows: str = "alleles"
    effect: str = "effect"
    more: str = "gain"
    less: str = "loss"
    hint: str = "chr1 rs123 MYC"
    anchor: str = "v"


def effect_list(
    *,
    rows: Sequence[tuple[str, str, int, str, int]],
    effects: np.ndarray,
    tasks: Sequence[tuple[str, str, str, str, str]],
    words: ListWords = ListWords(),  # noqa: B008, frozen
    genes: bool = False,
) -> str:
    """The list, without the script; `SCRIPT` fills it.

    Args:
        rows: of each its name, its id or "", the number of its pictures or -1, and where it
            lies among genes: text, and bp (-1 where that is not known).
        effects: float (rows, tasks). They are stored in 16 bits: to 1/65,534 of the largest.
        tasks: of each its name, what was measured, its group ("TF" and so on, or ""), cell, and
            how good it is, in words; "" where that is not known. See
            `genome_keras.weights.checkpoint_quality.Quality.of_tasks`.
        words: what the rows are called.
        genes: whether there is a column of genes.

    Returns:
        HTML, about 3 bytes for each effect and 100 for each row.

    Example:
        >>> rows = [("chr1:5 A>C", "rs1", 0, "in MYC", 0)]
        >>> tasks = [("K562|CTCF|None", "CTCF", "TF", "K562", "")]
        >>> html = effect_list(rows=rows, effects=np.array([[0.5]]), tasks=tasks)
        >>> "<select" in html, "rs1" in html
        (True, True)
    """
    effects = np.nan_to_num(np.asarray(effects, np.float64))
    scale = (np.abs(effects).max(initial=0) or 1.0) / _LARGEST
    numbers = np.rint(effects / scale).astype("<i2")
    data = {
        "rows": [list(row) for row in rows],
        "tasks": [list(task) for task in tasks],
        "scale": scale,
        "effects": base64.b64encode(numbers.tobytes()).decode("ascii"),
        "words": words._asdict(),
        "ids": any(row[1] for row in rows),
        "genes": genes,
        "told": any(task[-1] for task in tasks),
    }
    tools = _TOOLS.format(**words._asdict())
    return f"{tools}\n{data_for_script('listed', data)}"


def limits_of_list(listed: ListedRows, words: ListWords) -> list[str]:
    """A paragraph about the rows that a list has no room for; none where it has all.

    Example:
        >>> limits_of_list(ListedRows(), ListWords())
        []
    """
    if not listed.left_out:
        return []
    return [
        paragraph(
            f"Listed are the {len(listed.rows):,} {words.rows} with the largest absolute "
            f"{words.effect}; {listed.left_out:,}, of {listed.largest_left_out:.3g} or less, are "
            "left out, for a page has its limits. The table has all; with fewer tasks more "
            f"{words.rows} fit here."
        )
    ]


# Text comes into the page as text only: nothing of the data is read as HTML.
SCRIPT = """
"use strict";
const ROWS = 25;
const data = JSON.parse(document.getElementById("listed").textContent);
const by = id => document.getElementById(id);
const bytes = Uint8Array.from(atob(data.effects), letter => letter.charCodeAt(0));
const numbers = new Int16Array(bytes.buffer);
const effect = (row, column) => data.scale * numbers[row * data.tasks.length + column];
const NAME = 0, FACTOR = 1, GROUP = 2, CELL = 3, QUALITY = 4;
const ID = 1, PICTURES = 2, GENE = 3, DISTANCE = 4;
const texts = data.rows.map(
  row => [row[NAME], row[NAME].replaceAll(",", ""), row[ID], row[GENE]].join(" ").toLowerCase());
const state = {column: "effect", down: true, first: 0};
const make = (tag, text, kind) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  if (kind) element.className = kind;
  return element;
};
const option = (value, text) => {
  const element = make("option", text);
  element.value = value;
  return element;
};
const counted = (names, key) => {
  const found = new Map();
  for (const task of names) found.set(task[key], (found.get(task[key]) || 0) + 1);
  return [...found].sort();
};
function choices() {
  by("factor").append(option("", "all"));
  for (const [group] of counted(data.tasks, GROUP)) {
    const own = data.tasks.filter(task => task[GROUP] === group);
    const box = make("optgroup");
    box.label = group || "others";
    box.append(option(JSON.stringify([group]), "all of " + box.label + " (" + own.length + ")"));
    for (const [name, count] of counted(own, FACTOR))
      box.append(option(JSON.stringify([group, name]), name + " (" + count + ")"));
    by("factor").append(box);
  }
  by("cell").append(option("", "all"));
  for (const [name, count] of counted(data.tasks, CELL))
    if (name) by("cell").append(option(JSON.stringify(name), name + " (" + count + ")"));
  by("cell").parentElement.hidden = by("cell").length === 1;
}
function columns() {
  const wanted = by("factor").value ? JSON.parse(by("factor").value) : [];
  const cell = by("cell").value ? JSON.parse(by("cell").value) : null;
  return [...data.tasks.keys()].filter(column => {
    const task = data.tasks[column];
    if (cell !== null) if (task[CELL] !== cell) return false;
    return wanted.every((word, place) => word === task[place ? FACTOR : GROUP]);
  });
}
function largest(row, chosen, sign) {
  let found = -1, most = -1;
  for (const column of chosen) {
    const value = effect(row, column), size = sign ? sign * value : Math.abs(value);
    if (size > most) { found = column; most = size; }
  }
  return found;
}
const signed = value =>
  (value > 0 ? "+" : value === 0 ? "" : "\\u2212") + Math.abs(value).toFixed(4);
const shade = value => value > 0 ? "more" : "less";
function others(row, chosen, column, sign) {
  const best = new Map();
  for (const other of chosen) {
    const name = data.tasks[other][FACTOR], value = effect(row, other);
    if (name !== data.tasks[column][FACTOR]) if (sign ? sign * value > 0 : value !== 0)
      if (!best.has(name) || Math.abs(value) > Math.abs(best.get(name))) best.set(name, value);
  }
  return [...best].sort((a, b) => Math.abs(b[1]) - Math.abs(a[1])).slice(0, 3)
    .map(([name, value]) => name + " " + signed(value)).join(", ");
}
const HEADS = [["name", data.words.row], ["id", "id"], ["gene", "gene"],
  ["effect", data.words.effect],
  ["task", "of the task"], ["quality", "precision / recall (positives)"],
  ["others", "other factors"]];
const kinds = {id: "text", gene: "text", task: "text", others: "text wide"};
function heads() {
  const absent = {id: !data.ids, gene: !data.genes, quality: !data.told};
  return HEADS.filter(([key]) => !absent[key]);
}
function found() {
  const words = by("words").value.toLowerCase().split(" ").filter(word => word);
  const chosen = columns(), sign = Number(by("sign").value), least = Number(by("least").value);
  const rows = [];
  if (chosen.length) data.rows.forEach((told, row) => {
    if (!words.every(word => texts[row].includes(word))) return;
    const column = largest(row, chosen, sign), value = column === -1 ? 0 : effect(row, column);
    if (column === -1) return;
    if (sign) if (!(sign * value > 0)) return;
    if (Math.abs(value) >= least) rows.push({row, told, column, value});
  });
  const far = line => line.told[DISTANCE] === -1 ? Infinity : line.told[DISTANCE];
  const task = line => data.tasks[line.column][NAME];
  const keys = {name: line => line.row, id: line => line.told[ID], gene: far,
    effect: line => Math.abs(line.value), task};
  const key = keys[state.column], way = state.down ? -1 : 1;
  rows.sort((a, b) => {
    const x = key(a), y = key(b);
    return x === y ? a.row - b.row : x > y ? way : -way;
  });
  return {rows, chosen, sign};
}
function head() {
  const line = make("tr");
  for (const [key, name] of heads()) {
    const cell = make("th", undefined, kinds[key]);
    line.append(cell);
    if (key === "others" || key === "quality") { cell.textContent = name; continue; }
    const button = make("button", name);
    button.type = "button";
    button.dataset.column = key;
    if (key === state.column) cell.ariaSort = state.down ? "descending" : "ascending";
    button.onclick = () => {
      state.down = state.column === key ? !state.down : key === "effect";
      state.column = key;
      state.first = 0;
      show();
    };
    cell.append(button);
  }
  by("head").replaceChildren(line);
}
function cells(line, chosen, sign) {
  const [name, id, pictures, gene] = line.told, task = data.tasks[line.column];
  const place = make("td");
  if (pictures === -1) place.textContent = name;
  else {
    const link = make("a", name);
    link.href = "#" + data.words.anchor + pictures;
    place.append(link);
  }
  return {name: place, id: make("td", id, kinds.id), gene: make("td", gene, kinds.gene),
    effect: make("td", signed(line.value), shade(line.value)),
    task: make("td", task[NAME], kinds.task), quality: make("td", task[QUALITY]),
    others: make("td", others(line.row, chosen, line.column, sign), kinds.others)};
}
function show() {
  const {rows, chosen, sign} = found(), shown = rows.slice(state.first, state.first + ROWS);
  head();
  by("body").replaceChildren(...shown.map(line => {
    const row = make("tr"), own = cells(line, chosen, sign);
    row.append(...heads().map(([key]) => own[key]));
    return row;
  }));
  const last = state.first + shown.length, whole = rows.length.toLocaleString("en");
  by("count").textContent = (shown.length ? (state.first + 1).toLocaleString("en") + " to "
    + last.toLocaleString("en") + " of " + whole : "none") + " " + data.words.rows + ", "
    + chosen.length.toLocaleString("en") + " of " + data.tasks.length.toLocaleString("en")
    + " tasks";
  by("before").disabled = state.first === 0;
  by("after").disabled = last === rows.length;
}
for (const id of ["words", "factor", "cell", "sign", "least"]) by(id).oninput = () => {
  state.first = 0;
  show();
};
by("before").onclick = () => { state.first = Math.max(0, state.first - ROWS); show(); };
by("after").onclick = () => { state.first += ROWS; show(); };
choices();
show();
"""
