// Groups of runs that differ in nothing but their seed: mean and deviation of every figure.

function seedsSection() {
  if (!hasSeeds) return null;
  const note =
    "Runs that differ in nothing but their seed: mean of the best epochs ± standard deviation of the sample.";
  const part = section("seeds", "Seeds", note);
  const body = el("tbody");
  const head = el(
    "tr",
    {},
    el("th", { scope: "col", class: "name" }, "runs"),
    el("th", { scope: "col", class: "number" }, "seeds"),
    figureNames.map((name) => el("th", { scope: "col", class: "number" }, name)),
  );
  const table = el("table", { id: "seeds-table" }, el("thead", {}, head), body);
  part.body.append(el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Seeds" }, table));
  watch(() => {
    const shown = groups
      .map((group) => ({ ...group, runs: group.runs.filter(isVisible) }))
      .filter((group) => group.runs.length > 1);
    const summaries = shown.map((group) => ({
      group,
      figures: figureNames.map((metric) => summary(group.runs, metric)),
    }));
    summaries.sort((a, b) => (goalOf(state.metric) === "max" ? -1 : 1) * (a.figures[0].mean - b.figures[0].mean));
    const best = figureNames.map((metric, place) =>
      bestOf(
        summaries.map(({ figures }) => figures[place].mean),
        goalOf(metric),
      ),
    );
    body.replaceChildren(...summaries.map((row) => seedRow(row, best)));
  });
  return part;
}

function summary(members, metric) {
  const values = members.map((run) => run.figure(metric)).filter(Number.isFinite);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, spread: values.length > 1 ? deviation(values, mean) : NaN, count: values.length };
}

function bestOf(values, goal) {
  const finite = values.filter(Number.isFinite);
  return goal === "max" ? Math.max(...finite) : Math.min(...finite);
}

function seedRow({ group, figures }, best) {
  const cells = figures.map(({ mean, spread, count }, place) => {
    if (count === 0) return el("td", { class: "number" }, "–");
    const few = count < group.runs.length ? ` (${count})` : "";
    const text = [
      metricText(mean),
      el("span", { class: "spread" }, Number.isNaN(spread) ? few : ` ± ${metricText(spread)}${few}`),
    ];
    return el(
      "td",
      {
        class: mean === best[place] ? "number top" : "number",
        "data-value": String(mean),
        "data-spread": String(spread),
      },
      text,
    );
  });
  return el(
    "tr",
    {},
    el("th", { scope: "row", class: "name" }, group.label),
    el("td", { class: "number" }, String(group.runs.length)),
    cells,
  );
}
