// Which hyperparameters mattered, and how: shares as bars, figures over single parameters as points.

function hyperparametersSection() {
  const plot = parallelPlot();
  if (!plot) return null;
  const part = section("hyperparameters", "Hyperparameters");
  const known = figureNames.filter((name) => runs.some((run) => Number.isFinite(run.figure(name))));
  const pick = (metric) => {
    state.metric = metric;
    changed();
  };
  const controls =
    known.length > 1
      ? el(
          "div",
          { class: "controls" },
          choice(
            "by",
            known.map((name) => [name, name]),
            state.metric,
            pick,
          ),
        )
      : null;
  const key = el(
    "p",
    { class: "note" },
    "A line per run, the best in yellow. Drag along an axis to keep a range; it holds for the whole page.",
  );
  const below = el("div", { class: "halves" });
  if (controls) part.body.append(controls);
  part.body.append(plot, key, below);
  watch(() => below.replaceChildren(importanceBars(), slices()));
  darkness.addEventListener("change", changed);
  return part;
}

function importanceBars() {
  const found = data.importance.find(({ metric }) => metric === state.metric);
  if (!found) {
    const text =
      "With fewer than eight runs that have figures, nothing can be said about the importance of parameters.";
    return el("div", {}, el("h3", {}, "Importance"), el("p", { class: "note" }, text));
  }
  const rest = Math.max(0, 1 - found.rows.reduce((sum, row) => sum + row.share, 0));
  const bars = found.rows
    .slice(0, 10)
    .map((row) => bar(data.parameters[row.parameter].short, row.share, row.correlation));
  bars.push(bar("together", rest, null, "quiet"));
  const note = el(
    "p",
    { class: "note" },
    `fANOVA over ${plural(found.runs, "run")}: the share of the variance of the rank by ${state.metric} `,
    "that each parameter decides alone (64 regression trees, levels weighted by their runs); “together” is what no ",
    "single one decides. Arrows are Spearman's rank ",
    "correlation ρ: ↗ means that more of it goes with higher figures. All runs count, filtered or not.",
  );
  return el("div", {}, el("h3", {}, "Importance"), el("div", { class: "bars", id: "importance" }, bars), note);
}

function bar(name, share, correlation, look = "") {
  const filled = el("div", { class: "filled", style: { width: `${(100 * Math.min(1, share)).toFixed(1)}%` } });
  const arrow = correlation === null ? "" : Math.abs(correlation) < 0.1 ? "→" : correlation > 0 ? "↗" : "↘";
  const told = correlation === null ? "" : ` ${arrow} ρ ${correlation.toFixed(2).replace("-", "−")}`;
  return el(
    "div",
    { class: `bar ${look}`, "data-share": String(share) },
    el("span", { class: "name", title: name }, name),
    el("div", { class: "track" }, filled),
    el("span", { class: "value" }, `${(100 * share).toFixed(0)} %`),
    el("span", { class: "rho" }, told),
  );
}

/** Small pictures of the figure over each of the parameters that matter most. */
function slices() {
  const shown = axes.slice(0, Math.min(4, axes.length - 1));
  return el(
    "div",
    {},
    el("h3", {}, `${state.metric} over one parameter`),
    el("div", { class: "slices" }, shown.map(slice)),
  );
}

function slice(axis) {
  const [width, height, pad] = [220, 150, 26];
  const figure = axes[axes.length - 1];
  const picture = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    "aria-label": `${state.metric} over ${axis.label}`,
  });
  const x = (part) => pad + 10 + part * (width - pad - 24);
  const y = (part) => height - pad - part * (height - pad - 14);
  for (const [part, text] of figure.ticks.filter((_, place, all) => all.length < 6 || place % 2 === 0)) {
    picture.append(svg("line", { class: "rule", x1: pad + 4, x2: width - 6, y1: y(part), y2: y(part) }));
    picture.append(svg("text", { x: pad, y: y(part) + 3, "text-anchor": "end" }, text));
  }
  const ticks = axis.ticks;
  const every = Math.ceil(ticks.length / 4);
  ticks.forEach(([part, text], place) => {
    if (place % every === 0)
      picture.append(svg("text", { x: x(part), y: height - 10, "text-anchor": "middle" }, text));
  });
  const shown = [...visibleRuns]
    .sort(byFigure(state.metric))
    .reverse()
    .filter((run) => Number.isFinite(figure.place(run)));
  const at = (run) => [x(axis.place(run)), y(figure.place(run))];
  picture.append(...(shown.length > 200 ? manyDots(shown, at) : fewDots(shown, at)));
  return el("figure", { class: "slice" }, picture, el("figcaption", {}, axis.label));
}

function fewDots(shown, at) {
  return shown.map((run, place) => {
    const [cx, cy] = at(run);
    const dot = svg("circle", { cx, cy, r: 3.2, onclick: () => showDetails(run) });
    dot.style.fill = rampColor(shown.length > 1 ? place / (shown.length - 1) : 1);
    dot.append(svg("title", {}, `${run.name}: ${metricText(run.figure(state.metric))}`));
    return dot;
  });
}

/** A thousand nodes would be slow: a path for every color, each dot a line without length. */
function manyDots(shown, at) {
  const colors = 12;
  return Array.from({ length: colors }, (_, color) => {
    const size = Math.ceil(shown.length / colors);
    const part = shown.slice(color * size, (color + 1) * size);
    const dots = part.map(
      (run) =>
        `M${at(run)
          .map((value) => value.toFixed(1))
          .join(" ")}h0`,
    );
    const path = svg("path", { class: "dots", d: dots.join("") });
    path.style.stroke = rampColor(color / (colors - 1));
    return path;
  });
}
