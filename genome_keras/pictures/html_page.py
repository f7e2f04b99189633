"""The HTML around a report: one file that asks nothing of anyone else, light or dark."""

from html import escape

# The colours of reports and of the pictures in them: A, C, G, T are letters, c0 to c5
# models and tasks. The letters stay apart for colour-blind eyes; a test holds that.
LIGHT = {
    "paper": "#ffffff",
    "ink": "#1c2126",
    "soft": "#5b6570",
    "rule": "#d9dee3",
    "shade": "#f3f5f7",
    "c0": "#0067a5",
    "c1": "#c4520a",
    "c2": "#007a5a",
    "c3": "#a33d80",
    "c4": "#8a6500",
    "c5": "#5c5f9e",
    "A": "#009e73",
    "C": "#0068a8",
    "G": "#d99000",
    "T": "#a3202c",
}
DARK = {
    "paper": "#14181c",
    "ink": "#e6eaee",
    "soft": "#a3adb7",
    "rule": "#333b43",
    "shade": "#1f252b",
    "c0": "#5db3f0",
    "c1": "#f0914f",
    "c2": "#3fc79a",
    "c3": "#e58bc2",
    "c4": "#dcb64a",
    "c5": "#a9acf0",
    "A": "#35c895",
    "C": "#5a9df5",
    "G": "#f7c948",
    "T": "#d9486a",
}


def _variables(colours):
    return " ".join(f"--{name}: {colour};" for name, colour in colours.items())


STYLE = (
    f":root {{ color-scheme: light dark; {_variables(LIGHT)} }}\n"
    f"@media (prefers-color-scheme: dark) {{ :root {{ {_variables(DARK)} }} }}\n"
    """* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1180px; padding: 24px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 24px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 6px; }
h3 { font-size: 15px; margin: 18px 0 4px; }
p { max-width: 76ch; margin: 6px 0; } .soft, figcaption { color: var(--soft); }
a { color: var(--c0); }
figure { margin: 8px 0; } svg { width: 100%; height: auto; display: block; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; margin: 6px 0;
  font-variant-numeric: tabular-nums; }
th, td { padding: 4px 10px; text-align: right; border-bottom: 1px solid var(--rule);
  white-space: nowrap; } th:first-child, td:first-child { text-align: left; }
td small { color: var(--soft); } thead th { position: sticky; top: 0; background: var(--shade);
  vertical-align: bottom; white-space: normal; } tbody tr:hover { background: var(--shade); }
details summary { cursor: pointer; color: var(--soft); }
"""
)


def document(title: str, body: str, *, style: str = "", head: str = "", end: str = "") -> str:
    """A whole page of HTML.

    Args:
        title: text.
        body: HTML.
        style: CSS after the common one.
        head: HTML that goes before the style.
        end: HTML after the body's content: scripts.

    Example:
        >>> page = document("Scores & more", "<p>None yet.</p>")
        >>> page.startswith("<!doctype html>"), "<title>Scores &amp; more</title>" in page
        (True, True)
    """
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'{head}<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n{body}\n"
        f"{end}</body>\n</html>\n"
    )
