// Learning curves: one chart per chosen metric, with one pointer for all of them.

const view = { axis: "epoch", log: false, calm: false, smooth: 0, metrics: firstMetrics() };

function firstMetrics() {
  const wanted = [...figureNames.slice(0, 3), "train_loss"].filter((name) => data.metrics.includes(name));
  return new Set(wanted.length > 0 ? wanted.slice(0, 4) : data.metrics.slice(0, 2));
}

/** An exponential moving average without the pull of its first value; gaps stay gaps. */
function smoothed(values, weight) {
  if (weight === 0) return values;
  let [sum, share] = [0, 0];
  return Array.from(values, (value) => {
    if (!Number.isFinite(value)) return value;
    sum = sum * weight + value * (1 - weight);
    share = share * weight + (1 - weight);
    return sum / share;
  });
}

/** The line of a run, or of a group: mean and deviation wherever at least one of its runs has a value. */
function lineOf(unit, metric) {
  const parts = unit.runs
    .map((run) => ({ xs: run.places(view.axis), ys: run.curve(metric) }))
    .filter((part) => part.xs && part.ys);
  if (parts.length === 0) return null;
  const shared = { label: unit.label, color: unit.color, runs: unit.runs };
  if (parts.length === 1) return { ...shared, xs: parts[0].xs, ys: smoothed(parts[0].ys, view.smooth) };
  const isAligned = parts.every(({ xs }) => xs === parts[0].xs);
  const rows = isAligned || view.axis === "time" ? byRow(parts) : byPlace(parts);
  const mean = rows.map(({ values }) => meanOf(values));
  const spread = rows.map(({ values }, row) => deviation(values, mean[row]));
  const ys = smoothed(mean, view.smooth);
  const low = ys.map((value, row) => value - spread[row]);
  const high = ys.map((value, row) => value + spread[row]);
  return { ...shared, xs: rows.map((row) => row.x), ys, low, high, spread, count: parts.length };
}

function byPlace(parts) {
  const rows = new Map();
  for (const { xs, ys } of parts) {
    for (let place = 0; place < xs.length; place++) {
      if (Number.isNaN(ys[place])) continue;
      if (!rows.has(xs[place])) rows.set(xs[place], []);
      rows.get(xs[place]).push(ys[place]);
    }
  }
  return [...rows].map(([x, values]) => ({ x, values })).sort((a, b) => a.x - b.x);
}

/** Rows that belong together, as they stand; clocks differ from run to run, so their times are averaged. */
function byRow(parts) {
  const length = Math.min(...parts.map(({ xs }) => xs.length));
  const rows = [];
  for (let row = 0; row < length; row++) {
    const values = parts.map(({ ys }) => ys[row]).filter((value) => !Number.isNaN(value));
    rows.push({ x: meanOf(parts.map(({ xs }) => xs[row])), values });
  }
  return rows;
}

function meanOf(values) {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

/** The standard deviation of a sample. */
function deviation(values, mean) {
  if (values.length < 2) return 0;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

let charts = [];

/** Somebody points at a run in the table. */
const hoverChanged = nextFrame(() => charts.forEach((chart) => chart.highlight(state.hovered)));

function curvesSection() {
  if (!runs.some((run) => run.curves.rows > 0)) return null;
  const part = section("curves", "Learning curves");
  const grid = el("div", { class: "charts" });
  const legend = el("div", { class: "legend", "aria-label": "Lines in color" });
  const tip = el("div", { class: "tip", role: "status", hidden: true });
  const tell = (chart, first, found) => showTip(tip, chart, first, found);
  const rebuild = () => {
    const ranked = [...new Set([...figureNames, ...data.metrics])];
    charts = ranked.filter((metric) => view.metrics.has(metric)).map((metric) => new Chart(metric, { tell }));
    grid.replaceChildren(...charts.map((chart) => chart.node));
    draw();
  };
  const draw = () => {
    for (const chart of charts) {
      const drawn = lines.map((unit) => lineOf(unit, chart.title)).filter((line) => line && line.xs.length > 0);
      chart.set(drawn, view);
    }
    legend.replaceChildren(...legendOf(lines));
  };
  part.body.append(curveControls(rebuild, draw), legend, grid, tip);
  if (data.stride > 1)
    part.body.append(el("p", { class: "note" }, `There are very many values: every ${data.stride}th row is drawn.`));
  rebuild();
  watch(draw);
  darkness.addEventListener("change", draw);
  return part;
}

function curveControls(rebuild, draw) {
  const again = nextFrame(draw);
  const set = (key) => (value) => {
    view[key] = value;
    again();
  };
  const axes = [
    ["epoch", "epochs"],
    ["step", "steps"],
    ["time", "training time"],
  ];
  const known = axes.filter(([axis]) => axis !== "time" || runs.some((run) => run.curves.time !== null));
  const slider = el("input", {
    type: "range",
    min: 0,
    max: 0.98,
    step: 0.02,
    value: 0,
    oninput: () => set("smooth")(Number(slider.value)),
  });
  const flip = (metric) => (isOn) => {
    if (isOn) view.metrics.add(metric);
    else view.metrics.delete(metric);
    rebuild();
  };
  return el(
    "div",
    { class: "controls" },
    choice("over", known, "epoch", set("axis")),
    toggle("log scale", false, set("log")),
    toggle(
      "cut outliers",
      false,
      set("calm"),
      "Leave the highest 5 % and the lowest 1 % of all values out of the picture",
    ),
    el("label", { class: "choice" }, el("span", {}, "smooth"), slider),
    hasSeeds
      ? toggle("mean of seeds", state.bySeed, (isOn) => {
          state.bySeed = isOn;
          changed();
        })
      : null,
    el(
      "details",
      { class: "menu" },
      el("summary", {}, "metrics"),
      el(
        "div",
        { class: "options" },
        data.metrics.map((metric) => toggle(metric, view.metrics.has(metric), flip(metric))),
      ),
    ),
  );
}

function legendOf(units) {
  const loud = units.filter((unit) => unit.color !== null).sort((a, b) => a.color - b.color);
  const rest = units.length - loud.length;
  const entries = loud.map((unit) => {
    const count = unit.runs.length > 1 ? ` × ${unit.runs.length}` : "";
    return el("span", { class: "entry" }, sample(unit.color), `${unit.label}${count}`);
  });
  if (rest > 0)
    entries.push(
      el(
        "span",
        { class: "entry quiet" },
        sample(null),
        `${plural(rest, "other")}; pick runs in the table to color them`,
      ),
    );
  return entries;
}

function sample(color) {
  const dash = color === null ? "" : DASHES[color].join(" ");
  const line = svg("line", { x1: 0, x2: 22, y1: 5, y2: 5, "stroke-dasharray": dash });
  line.style.stroke = color === null ? "var(--quiet-line)" : `var(--line-${color})`;
  return svg("svg", { class: "sample", viewBox: "0 0 22 10", "aria-hidden": "true" }, line);
}

function showTip(tip, chart, first, found) {
  tip.hidden = first === null;
  if (first === null) return;
  const unit = view.axis === "time" ? `${first.x.toFixed(2)} s` : `${view.axis} ${countText(first.x)}`;
  const rows = found.map((one) => {
    const spread = one.line.spread ? ` ± ${metricText(one.line.spread[one.place])}` : "";
    return el(
      "div",
      { class: one === first ? "row first" : "row" },
      sample(one.line.color),
      el("span", { class: "label" }, one.line.label),
      el("span", { class: "value" }, metricText(one.y) + spread),
    );
  });
  tip.replaceChildren(el("div", { class: "place" }, `${chart.title}, ${unit}`), ...rows);
  place(tip, chart.plot, chart.x.at(first.x));
}

/** Under the chart, so that it hides nothing of it; above where the window ends. */
function place(tip, plot, x) {
  const box = plot.getBoundingClientRect();
  const [width, height] = [tip.offsetWidth, tip.offsetHeight];
  const left = Math.max(6, Math.min(box.left + x - width / 2, document.documentElement.clientWidth - width - 6));
  const fits = box.bottom + height + 2 < window.innerHeight || box.top < height;
  tip.style.left = `${left + window.scrollX}px`;
  tip.style.top = `${(fits ? box.bottom - 4 : box.top - height - 24) + window.scrollY}px`;
}
