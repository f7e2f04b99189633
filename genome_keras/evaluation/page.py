"""The page of an evaluation: its table of tasks is sorted and filtered by a script."""

import json
from typing import Any

from genome_keras.pictures.html_page import document

STYLE = """
.side { display: grid; gap: 8px 24px;
  grid-template-columns: repeat(auto-fit, minmax(320px, 1fr)); }
svg text { fill: var(--soft); font-size: 12px; } svg .grid { stroke: var(--rule); }
svg polyline { fill: none; stroke-width: 2; } svg polyline.neutral { stroke: var(--soft); }
svg g { fill-opacity: .75; } svg g.neutral { fill: var(--soft); }
.legend { list-style: none; padding: 0; margin: 6px 0; display: flex; flex-wrap: wrap;
  gap: 2px 20px; } .legend .neutral { background: var(--soft); }
.legend i { display: inline-block; width: 10px; height: 10px; border-radius: 50%;
  margin-right: 7px; }
th { min-width: 9ch; } th button { all: unset; cursor: pointer; overflow-wrap: anywhere; }
th button:focus-visible { outline: 2px solid var(--c0); }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
.tools { display: flex; flex-wrap: wrap; gap: 8px 16px; margin: 8px 0; }
select, input { font: inherit; padding: 3px 6px; color: inherit; background: var(--shade);
  border: 1px solid var(--rule); border-radius: 4px; }
#tasks { max-height: 75vh; overflow: auto; }
""" + "".join(
    f"svg polyline.c{n} {{ stroke: var(--c{n}); }} svg g.c{n} {{ fill: var(--c{n}); }} "
    f".legend .c{n} {{ background: var(--c{n}); }}\n"
    for n in range(6)
)

# Text comes into the page as text only: nothing of the data is read as HTML.
SCRIPT = """
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const by = id => document.getElementById(id);
const state = {column: "train_rate", down: true};
const make = (tag, text) => {
  const element = document.createElement(tag);
  if (text !== undefined) element.textContent = text;
  return element;
};
for (const [id, names] of [["subset", data.subsets], ["metric", data.metrics]])
  for (const [value, name] of Object.entries(names)) {
    const option = make("option", name);
    option.value = value;
    by(id).append(option);
  }
function columns() {
  const found = [
    {key: "task", name: "task", of: row => row.task, show: value => value},
    {key: "train_rate", name: "positive in training", of: row => row.train_rate,
      show: value => (100 * value).toPrecision(3) + " %"},
    {key: "positives", name: "positive here", of: row => row.positives, show: value => value},
  ];
  data.models.forEach((name, model) => found.push({
    key: "model" + model, name: name, of: row => row.scores[by("metric").value][model][0],
    range: row => row.scores[by("metric").value][model].slice(1),
    show: value => value.toFixed(4)}));
  return found;
}
function show() {
  const shown = columns();
  const chosen = shown.find(column => column.key === state.column) || shown[0];
  const words = by("filter").value.toLowerCase().split(" ").filter(word => word);
  const rows = data.rows[by("subset").value].filter(
    row => words.every(word => row.task.toLowerCase().includes(word)));
  const sign = state.down ? -1 : 1;
  const missing = value => value === null ? 1 : 0;
  rows.sort((a, b) => {
    const x = chosen.of(a), y = chosen.of(b);
    if (x === null || y === null) return missing(x) - missing(y);
    return x < y ? -sign : x > y ? sign : 0;
  });
  const head = make("tr");
  for (const column of shown) {
    const cell = make("th"), button = make("button", column.name);
    button.type = "button";
    button.dataset.column = column.key;
    if (column === chosen) cell.ariaSort = state.down ? "descending" : "ascending";
    button.onclick = () => {
      state.down = state.column === column.key ? !state.down : column.key !== "task";
      state.column = column.key;
      show();
    };
    cell.append(button);
    head.append(cell);
  }
  by("head").replaceChildren(head);
  by("body").replaceChildren(...rows.map(row => {
    const line = make("tr");
    for (const column of shown) {
      const value = column.of(row);
      const cell = make("td", value === null ? "" : column.show(value));
      const range = column.range ? column.range(row) : [];
      if (range.length && range[0] !== null)
        cell.title = "95 %: " + range.map(end => end.toFixed(4)).join(" to ");
      line.append(cell);
    }
    return line;
  }));
  by("count").textContent = rows.length + " tasks";
}
for (const id of ["subset", "metric", "filter"]) by(id).oninput = show;
show();
"""


def page(title: str, body: str, data: Any) -> str:
    """A page of HTML.

    Args:
        title: text.
        body: HTML.
        data: what the script shows in the table of tasks, fit for JSON.

    Example:
        >>> data = {"rows": {}, "models": [], "subsets": {}, "metrics": {}}
        >>> text = page("Scores", "<p>Means</p>", data)
        >>> "<p>Means</p>" in text, text.count("<script")
        (True, 2)
    """
    text = json.dumps(data, separators=(",", ":"), allow_nan=False)
    for character in "<>&":  # the end of a script, say
        text = text.replace(character, f"\\u{ord(character):04x}")
    end = f'<script type="application/json" id="data">{text}</script>\n<script>{SCRIPT}</script>\n'
    return document(title, body, style=STYLE, end=end)
