"""The HTML report: what is in it, and that a browser shows it."""

import json
import re
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from support.browser import BROWSER

from genome_keras.errors import GenomeKerasError
from genome_keras.evaluation.compare import compare
from genome_keras.evaluation.report import write_report
from genome_keras.pictures.charts import Chart

EVIL = "<script>document.title='read as HTML'</script>&amp;"
VOID = {"meta", "input", "circle", "line", "polyline", "br"}


def report(path, *, tasks=5, models=("one", EVIL), runs=False):
    draw = np.random.default_rng(0)
    rates = np.geomspace(0.4, 0.002, tasks)
    labels = (draw.random((400, tasks)) < rates).astype(int)
    labels[0], labels[1] = 1, -1
    scores = {name: draw.random(labels.shape) * rates for name in (*models, "gc")}
    result, rows = compare(
        labels,
        scores,
        tasks=[f"cell{number}|CTCF|{EVIL}" for number in range(tasks)],
        train_rates=rates,
        thresholds=dict.fromkeys(scores, rates / 2),
        source=np.resize(["genome", "dhs"], 400),
        sources=["genome"],
        replicates=20,
    )
    result["models"]["gc"]["kind"] = "baseline"
    if runs:
        log = [{"epoch": n, "perplexity": 1.2 - n / 50, "val_perplexity": 1.3} for n in (1, 2, 3)]
        result["models"][models[0]] |= {"log": log, "epochs": {"best": 2, "each": [{}] * 3}}
        result["models"][models[-1]]["kind"] = "optimistic"
    bootstrap = {"blocks": "genome", "number": 9, "replicates": 20, "seed": 0}
    result |= {"split": "test", "tuned_on": "valid", "bootstrap": bootstrap}
    write_report(path, result, rows)
    return result, rows, path.read_text(encoding="utf-8")


class Page(HTMLParser):
    """Checks that tags nest, and gathers them with their text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.words = [], [], []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, words):
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(words)


def data(text):
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL).group(1))


def test_the_page_is_whole_and_asks_for_nothing(tmp_path):
    _, _, text = report(tmp_path / "r.html", runs=True)
    page = Page(text)
    assert {name for _, of in page.tags for name in of} & {"src", "href", "srcset"} == set()
    assert not re.search(r"url\(|@import|https?:|fetch\(|XMLHttp", text)
    assert [tag for tag, _ in page.tags].count("script") == 2


def test_text_of_the_data_stays_text(tmp_path):
    _, _, text = report(tmp_path / "r.html", runs=True)
    page = Page(text)
    assert EVIL not in text
    assert any(EVIL in words for words in page.words)  # escaped, and read back


def test_numbers_of_the_tables(tmp_path):
    result, rows, text = report(tmp_path / "r.html")
    shown = " ".join(Page(text).words)
    assert "“Perplexity” is first taken of each task" in shown  # and the other of all labels
    for part in result["subsets"].values():
        assert f"{part['examples']:,} windows" in shown
        for summary in part["groups"]["frequent"]["models"].values():
            assert f"{summary['auroc_mean']:.4f}" in shown
            low, high = summary["f1_tuned_interval"]
            assert f"{low:.4f} to {high:.4f}" in shown
    table = data(text)
    assert table["models"] == ["one", EVIL, "gc"]
    assert list(table["rows"]) == ["all", "genome"]
    row = next(r for r in rows if (r["subset"], r["model"]) == ("genome", EVIL))
    line = table["rows"]["genome"][0]
    assert (line["task"], line["positives"]) == (row["task"], row["positives"])
    value, *ends = line["scores"]["auprc"][1]
    assert value == pytest.approx(row["auprc"], rel=1e-3)
    assert ends == pytest.approx([row["auprc_low"], row["auprc_high"]], rel=1e-3)


def test_figures(tmp_path):
    _, _, text = report(tmp_path / "r.html", tasks=30, runs=True)
    labels = [of["aria-label"] for tag, of in Page(text).tags if tag == "svg"]
    assert labels[:3] == [
        "training and validation perplexity by epoch",
        "F1 of each task and model",
        "tuned F1 of each task and model",
    ]
    assert len(labels) == 3 + 3 * 2  # calibration of three models on two sets of windows
    assert "one is epoch 2 of 3" in re.sub("<.*?>", "", text)
    assert "No model reaches these scores" in text
    frequent = np.count_nonzero(np.geomspace(0.4, 0.002, 30) >= 0.01)
    figure = text.split("F1 of each task and model")[1].partition("</svg>")[0]
    assert figure.count("<circle") == 3 * frequent  # gc is what the one model is compared with


def test_one_model_and_no_log(tmp_path):
    _, _, text = report(tmp_path / "r.html", models=("one",))
    assert "Perplexity by epoch" not in text
    assert "in the order of gc" in text


def test_dots_lie_where_their_values_say():
    chart = Chart((0, 10), (0, 1), x_label="x", y_label="y", width=178, height=150)
    chart.dots([(0, 0), (10, 1), (5, 0.5), (99, -1)], 0)
    found = re.findall(r'cx="([\d.]+)" cy="([\d.]+)"', chart.svg("a & b"))
    assert found == [("66.0", "110.0"), ("166.0", "10.0"), ("116.0", "60.0"), ("166.0", "110.0")]
    assert 'aria-label="a &amp; b"' in chart.svg("a & b")
    log = Chart((0.01, 1), (0.01, 1), x_label="", y_label="", width=178, height=150, log=True)
    log.line([(0.01, 1), (0.1, 0.1)], None)
    assert 'points="66.0,10.0 116.0,60.0"' in log.svg("")


def test_no_half_report(tmp_path):
    with pytest.raises(GenomeKerasError, match="no folder"):
        report(tmp_path / "missing" / "r.html")


@pytest.mark.skipif(BROWSER is None, reason="no chromium to look at the page with")
def test_in_a_browser(tmp_path):
    """The table is there, sorts by a click, filters; what is done is read from the page."""
    _, rows, text = report(tmp_path / "r.html", tasks=919, runs=True)

    def shown(script):
        path = tmp_path / "script.html"
        path.write_text(text.replace("</body>", f"<script>{script}</script></body>"))
        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"]
        command = [BROWSER, *flags, "--dump-dom", path.as_uri()]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
        body = done.stdout.partition('<tbody id="body">')[2].partition("</tbody>")[0]
        lines = [re.findall(r"<td.*?>(.*?)</td>", line) for line in body.split("<tr>")[1:]]
        return done.stdout, lines

    page, lines = shown("")
    assert "<title>Held-out scores</title>" in page
    assert len(lines) == 919 and ">919 tasks<" in page
    assert [line[0].partition("|")[0] for line in lines[:2]] == ["cell0", "cell1"]

    click = 'by("metric").value = "auroc"; by("metric").oninput();'
    click += "for (const time of [1, 2]) document.querySelector('[data-column=model0]').click();"
    _, lines = shown(click)
    wanted = [r["auroc"] for r in rows if (r["subset"], r["model"]) == ("all", "one")]
    found = [float(line[3]) for line in lines if line[3]]
    assert found == sorted(found)
    np.testing.assert_allclose(found, sorted(v for v in wanted if v is not None), atol=1e-4)

    _, lines = shown('by("filter").value = "ctcf CELL91"; by("filter").oninput();')
    assert len(lines) == 10  # 91 and 910 to 918
