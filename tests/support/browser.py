"""A real browser without a screen, for pages of HTML."""

import json
import re
import shutil
import subprocess
from html import unescape

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "chrome"))), None)

_FIRST = """<script>
const seen = [];
addEventListener("error", event => seen.push("error " + (event.message || event.target.outerHTML)),
  true);
addEventListener("securitypolicyviolation",
  event => seen.push(event.violatedDirective + " " + event.blockedURI));
</script>"""
# What was stopped is told in tasks of their own, so the probe looks a little later.
_LAST = """<pre id="probe"></pre><script>
const sizes = chosen => [...document.querySelectorAll(chosen)].map(element => {
  const box = element.getBoundingClientRect();
  return [box.width, box.height];
});
addEventListener("load", () => setTimeout(() => {
document.getElementById("probe").textContent = JSON.stringify({
  seen, title: document.title, pictures: sizes("figure svg"), images: sizes("svg image"),
  texts: [...document.querySelectorAll("svg text, h2, td")].map(one => one.textContent),
  labels: [...document.querySelectorAll("figure svg")].map(one => one.ariaLabel),
  anchors: [...document.querySelectorAll("a")].map(
    one => document.querySelector(one.getAttribute("href")) !== null),
  resources: performance.getEntriesByType("resource").map(one => one.name),
});
}, 100));
</script>"""


def document_of(path):
    """The document that the browser makes of a page, and what it says on its console."""
    flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr"]
    flags += [f"--user-data-dir={path.parent}", "--window-size=1200,900"]
    flags += ["--virtual-time-budget=5000"]  # of the page's own clock, for what it does later
    command = [BROWSER, *flags, "--dump-dom", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def with_scripts(text):
    """A page whose policy lets any script of its own text run; it still asks for nothing."""
    text = re.sub(r"script-src 'sha256-\S+'; ", "", text, count=1)
    policy = "default-src 'none'; "
    return text.replace(policy, policy + "script-src 'unsafe-inline'; ")


def look(text, folder):
    """What a browser shows of a page: its pictures' sizes, texts, faults and requests.

    The page's own policy runs no script; here it lets those of the probe run, and tells of
    everything else that it stops.
    """
    policy = "default-src 'none'; "
    assert text.count(policy) == 1
    text = with_scripts(text)
    text = text.replace("<head>", "<head>" + _FIRST).replace("</body>", _LAST + "</body>")
    path = folder / "probe.html"
    path.write_text(text, encoding="utf-8")
    shown, console = document_of(path)
    found = re.search(r'<pre id="probe">(.*?)</pre>', shown, re.DOTALL)[1]
    return json.loads(unescape(found)) | {"console": console}


def put(**controls):
    """JavaScript that puts values into controls of a list as a reader does, and tells the page."""
    lines = [
        f"by({json.dumps(name)}).value = {json.dumps(value)}; by({json.dumps(name)}).oninput();"
        for name, value in controls.items()
    ]
    return "".join(lines)


def click(column):
    """JavaScript that clicks on the head of a column of a list."""
    return f"document.querySelector('[data-column={column}]').click();"


_BEGIN = put(words="", factor="", cell="", sign="0", least="")
_BEGIN += "state.column = 'effect'; state.down = true; state.first = 0; show();"


def operated(text, folder, *scripts):
    """Rows of the list of a page and the line above it, in one visit after each script that
    operates its controls, which go back to their beginning before the next one."""
    rows = "[...by('body').rows].map(row => [...row.cells].map(cell => cell.innerHTML))"
    steps = [
        f"{_BEGIN}{script}; taken.push([{rows}, by('count').textContent]);" for script in scripts
    ]
    end = "by('list').replaceWith(JSON.stringify(taken));"
    path = folder / "operated.html"
    script = f"<script>const taken = [];{''.join(steps)}{end}</script></body>"
    path.write_text(with_scripts(text).replace("</body>", script), encoding="utf-8")
    page, console = document_of(path)
    assert console == []
    return json.loads(unescape(re.search(r'<div class="scroll">(.*?)</div>', page, re.DOTALL)[1]))
