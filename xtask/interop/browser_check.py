"""Opens a report in Chromium, network off, narrow and wide, light and dark, and holds it against the results folder.

Usage: browser_check.py PAGE RESULTS SCENE
Prints one JSON object per thing looked at; leaves screenshots beside the page.
"""

import json
import pathlib
import re
import statistics
import sys

from chromium import Browser

POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')

LOOKS = [("wide", 1280, False), ("dark", 1280, True), ("phone", 400, False), ("phone-dark", 400, True)]


# What was found since the list was last emptied, while faults are planted; otherwise findings are printed.
planted = None


def tell(what, count, trouble):
    if planted is None:
        print(json.dumps({"what": what, "count": count, "trouble": trouble}))
    else:
        planted.extend(trouble)


def results_of(folder):
    found = {}
    for path in sorted(pathlib.Path(folder).glob("*/result.json")):
        found[path.parent.name] = json.loads(path.read_text())
    return found


def check_looks(browser, page_file, pictures):
    """No error, no request but the file itself, nothing wider than the screen."""
    trouble, count = [], 0
    for look, width, dark in LOOKS:
        page = browser.page(width, 900, dark, touch=width < 800)
        page.open(page_file)
        page.picture(pictures / f"{pathlib.Path(page_file).stem}-{look}.png")
        trouble += [f"{look}: {error}" for error in page.errors]
        asked = [url for url in page.requests if not url.startswith(("file:", "data:"))]
        files = [url for url in page.requests if url.startswith("file:")]
        trouble += [f"{look}: asked for {url}" for url in asked + files[1:]]
        too_wide = page.value("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if too_wide > 0:
            trouble.append(f"{look}: {too_wide} pixels wider than the screen")
        background = page.value("getComputedStyle(document.body).backgroundColor")
        is_dark = sum(int(part) for part in background[4:-1].split(",")) < 3 * 80
        if is_dark != dark:
            trouble.append(f"{look}: the background is {background}")
        if page.value("document.title").startswith("owned"):
            trouble.append(f"{look}: a script of a run was run")
        count += 6
        page.close()
    tell("no errors, no requests, at 400 and 1280, light and dark", count, trouble)


def check_figures(page, results):
    """Every figure of the table is that of result.json, digit for digit."""
    rows = page.value(
        """[...document.querySelectorAll("#runs-table tbody tr")].map((row) => ({
            name: row.querySelector("th").textContent,
            values: [...row.children].map((cell) => cell.dataset.value ?? null)}))"""
    )
    heads = page.value('[...document.querySelectorAll("#runs-table thead th")].map((head) => head.textContent)')
    trouble, count = [], 0
    if sorted(row["name"] for row in rows) != sorted(results):
        trouble.append("the table has other runs")
    for row in rows:
        best = results[row["name"]]["best"] or {}
        for head, value in zip(heads, row["values"]):
            if head.startswith("val_") and head in best:
                count += 1
                if value is None or float(value) != best[head]:
                    trouble.append(f"{row['name']}: {head} is {value}, not {best[head]}")
    if results:
        tell("figures of the table are those of result.json", count, trouble[:5])


def check_sort(page):
    """A click on a head sorts by it, a second one the other way round."""
    script = """(async () => {
        const heads = [...document.querySelectorAll("#runs-table thead th")];
        const frame = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const found = [];
        for (const name of ["val_loss", "val_accuracy"]) {
            const place = heads.findIndex((head) => head.textContent === name);
            for (let click = 0; click < 2; click++) {
                heads[place].querySelector("button").click();
                await frame();
                const cells = [...document.querySelectorAll(`#runs-table tbody tr > :nth-child(${place + 1})`)];
                const values = cells.map((cell) => cell.dataset.value).filter((value) => value !== undefined);
                found.push({name, order: heads[place].getAttribute("aria-sort"), values: values.map(Number)});
            }
        }
        return found;
    })()"""
    trouble, found = [], page.value(script)
    for column in found:
        expected = sorted(column["values"], reverse=column["order"] == "descending")
        if column["values"] != expected or len(expected) < 2:
            trouble.append(f"{column['name']} {column['order']} is not in order")
    if {column["order"] for column in found} != {"ascending", "descending"}:
        trouble.append("a second click does not turn the order round")
    tell("sorting", len(found), trouble)


def check_hover(page, results, pictures, stem):
    """Pointing at the end of a curve tells its last value."""
    trouble = []
    box = page.box("#curves .plot")
    title = page.value('document.querySelector("#curves figcaption").textContent')
    for part in (0.5, 0.97):
        page.mouse("mouseMoved", box["x"] + 48 + (box["width"] - 60) * part, box["y"] + box["height"] * 0.6)
        page.settle()
        tip = page.value('(() => { const tip = document.querySelector(".tip"); return tip.hidden ? "" : tip.textContent; })()')
        if title not in tip or "epoch" not in tip:
            trouble.append(f"at {part} the tip says `{tip}`")
    page.picture(pictures / f"{stem}-hover.png", whole=False)
    page.value('document.querySelector("#curves .plot").focus()')
    page.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight", code="ArrowRight")
    page.settle()
    if page.value('document.querySelector(".tip").hidden'):
        trouble.append("the arrow keys read nothing")
    if len(results) == 1:
        rows = [json.loads(line) for line in open(next(iter(results.values()))["metrics"])]
        page.mouse("mouseMoved", box["x"] + box["width"] - 13, box["y"] + box["height"] * 0.8)
        page.settle()
        shown = page.value('document.querySelector(".tip .first .value").textContent')
        if abs(float(shown) - rows[-1][title]) > 1e-4:
            trouble.append(f"the tip says {shown}, metrics.jsonl {rows[-1][title]}")
    tell("hover and arrow keys", 3, trouble)


def check_filter(page, results):
    """Words and conditions leave the rows that they should."""
    script = """(async (text) => {
        const input = document.getElementById("filter");
        input.value = text;
        input.dispatchEvent(new Event("input"));
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        return document.querySelectorAll("#runs-table tbody tr").length;
    })"""
    best = [(result["best"] or {}).get("val_loss") for result in results.values()]
    best = sorted(value for value in best if value is not None)
    limit = best[len(best) // 2]
    name = next(iter(results))
    cases = [(f"val_loss<{limit}", sum(value < limit for value in best)), (name, sum(name in other for other in results))]
    cases += [("nothing-like-it", 0), ("", len(results))]
    trouble = []
    for text, expected in cases:
        found = page.value(f"{script}({json.dumps(text)})")
        if found != expected:
            trouble.append(f"`{text}` leaves {found} runs, not {expected}")
    tell("filtering", len(cases), trouble)


def check_seeds(page, results):
    """Mean and deviation of every group, against Python's statistics."""
    rows = page.value(
        """[...document.querySelectorAll("#seeds-table tbody tr")].map((row) => ({
            label: row.querySelector("th").textContent, count: Number(row.children[1].textContent),
            mean: Number(row.children[2].dataset.value), spread: Number(row.children[2].dataset.spread)}))"""
    )
    groups = {}
    for name, result in results.items():
        if result["best"]:
            groups.setdefault(name.rsplit("-s", 1)[0], []).append(result["best"]["val_loss"])
    trouble = []
    for row in rows:
        values = groups.get(row["label"], [])
        mean, spread = statistics.fmean(values), statistics.stdev(values)
        if abs(row["mean"] - mean) > 1e-12 or abs(row["spread"] - spread) > 1e-9:
            trouble.append(f"{row['label']}: {row['mean']} ± {row['spread']}, not {mean} ± {spread}")
    tell("mean and deviation over seeds", len(rows), trouble[:5])


def check_brush(page):
    """Dragging along an axis keeps fewer runs, and clearing brings them back."""
    count = 'document.querySelectorAll("#runs-table tbody tr").length'
    before = page.value(count)
    box = page.box("#hyperparameters .grip")
    x = box["x"] + box["width"] / 2
    page.mouse("mouseMoved", x, box["y"] + 10)
    page.mouse("mousePressed", x, box["y"] + 10, "left")
    page.mouse("mouseMoved", x, box["y"] + box["height"] * 0.45, "left")
    page.mouse("mouseReleased", x, box["y"] + box["height"] * 0.45, "left")
    page.settle()
    during = page.value(count)
    page.value('[...document.querySelectorAll("#runs button")].find((one) => one.textContent === "Clear").click()')
    page.settle()
    after = page.value(count)
    trouble = [] if 0 < during < before == after else [f"{before}, then {during}, then {after} runs"]
    tell("ranges on an axis", 3, trouble)


def check_speed(page):
    """A thousand runs: drawing everything anew stays quick enough to type into the filter."""
    script = """(async () => {
        const input = document.getElementById("filter");
        const started = performance.now();
        for (const text of ["l", "lr", "lr0", ""]) {
            input.value = text;
            input.dispatchEvent(new Event("input"));
            await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        }
        return (performance.now() - started) / 4;
    })()"""
    milliseconds = page.value(script)
    tell(f"a change of the filter takes {milliseconds:.0f} ms", 1, [] if milliseconds < 3000 else ["too slow to use"])


def check_details(page, results, pictures, stem):
    """The dialog of a run shows its fingerprints."""
    name = page.value('document.querySelector("#runs-table tbody .link").textContent')
    page.click("#runs-table tbody .link")
    told = page.value('document.querySelector("dialog").textContent')
    keys = ["config_sha256", "data_sha256"]
    missing = [key for key in keys if results[name].get(key) and results[name][key] not in told]
    page.picture(pictures / f"{stem}-details.png", whole=False)
    page.value('document.querySelector("dialog").close()')
    tell("details of a run", len(keys), [f"{key} is not shown" for key in missing])


def check_planted(browser, page_file, results, pictures):
    """Every check sees the fault that it is there for: pages with one fault each, and the policy out of the way."""
    global planted
    text = POLICY.sub("", pathlib.Path(page_file).read_text())
    figure = re.compile(r'("best":\{[^}]*"val_loss":0\.\d)(\d)')
    faults = [
        ("a wrong digit", figure.sub(lambda found: found[1] + str(9 - int(found[2])), text), check_figures),
        ("a request", text.replace("<noscript>", '<img src="http://127.0.0.1:1/x.png"><noscript>', 1), None),
        ("an error", text.replace("<noscript>", '<script>console.error("planted")</script><noscript>', 1), None),
        ("too wide", text.replace("<noscript>", '<div style="width:3000px;height:1px"></div><noscript>', 1), None),
        ("a wrong order", text.replace("a < b ? -1 : a > b ? 1 : 0", "b < a ? -1 : b > a ? 1 : 0", 1), check_sort),
        ("no hover", text.replace("this.options.tell(this, first, loud)", "0", 1), check_hover),
        ("no filter", text.replace("state.text = input.value;", "", 1), check_filter),
        ("no fingerprints", text.replace("...hashes.map((key) => [key, run[key]]),", "", 1), check_details),
    ]
    trouble = []
    for what, broken, check in faults:
        copy = pictures / "planted.html"
        copy.write_text(broken)
        planted = []
        if broken == text:
            trouble.append(f"{what}: could not be planted")
        elif check is None:
            check_looks(browser, copy, pictures)
        else:
            page = browser.page(1280, 900)
            page.open(copy)
            extra = {check_hover: [results, pictures, "planted"], check_details: [results, pictures, "planted"]}
            check(page, *extra.get(check, [] if check is check_sort else [results]))
            page.close()
        if broken != text and not planted:
            trouble.append(f"{what}: not seen")
    planted = None
    tell("planted faults are seen", len(faults), trouble)


def main():
    page_file, folder, scene = sys.argv[1:]
    pictures = pathlib.Path(page_file).parent
    results = results_of(folder)
    for name, result in results.items():
        result["metrics"] = pathlib.Path(folder, name, "metrics.jsonl")
    with Browser() as browser:
        check_looks(browser, page_file, pictures)
        page = browser.page(1280, 900)
        page.open(page_file)
        if results:
            check_figures(page, results)
            check_details(page, results, pictures, scene)
        if any(result["best"] for result in results.values()):
            check_hover(page, results, pictures, scene)
        if scene == "six":
            check_planted(browser, page_file, results, pictures)
        if scene in ("six", "seeds", "thousand"):
            check_sort(page)
            check_filter(page, results)
        if scene in ("seeds", "thousand"):
            check_seeds(page, results)
            check_brush(page)
        if scene == "thousand":
            check_speed(page)
        if page.errors:
            tell("nothing complains while it is used", 1, page.errors)


if __name__ == "__main__":
    main()
