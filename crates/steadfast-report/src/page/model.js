// The runs as the page sees them: read once, then filtered, ranked and colored.

const data = JSON.parse(document.getElementById("data").textContent);

const WORDS = { NaN: NaN, Infinity: Infinity, "-Infinity": -Infinity };

/** A figure of result.json as a number, NaN if there is none. */
function asNumber(value) {
  if (typeof value === "number") return value;
  return value in WORDS ? WORDS[value] : NaN;
}

const series = new Map();

/** One packed series, unpacked when somebody looks. */
function seriesOf(place) {
  if (!series.has(place)) series.set(place, unpack(data.pool[place]));
  return series.get(place);
}

const spacings = new Map();

function spaced({ from, by }, rows) {
  const key = `${from} ${by} ${rows}`;
  if (!spacings.has(key))
    spacings.set(
      key,
      Array.from({ length: rows }, (_, row) => from + row * by),
    );
  return spacings.get(key);
}

class Run {
  constructor(row, index) {
    Object.assign(this, row);
    this.index = index;
    this.best = row.best ?? {};
    this.isPicked = false;
    this.search = [
      row.name,
      row.status,
      row.error?.message ?? "",
      ...this.settings().map(([key, value]) => `${key}=${value}`),
    ]
      .join(" ")
      .toLowerCase();
  }

  settings() {
    return data.parameters.map((parameter, place) => [parameter.short, plainText(this.value(place))]);
  }

  /** Its value of the differing parameter at this place; `undefined` where it lacks the key. */
  value(place) {
    const level = this.values[place];
    return level < 0 ? undefined : data.parameters[place].levels[level];
  }

  /** A figure of the best epoch. */
  figure(metric) {
    return asNumber(this.best[metric]);
  }

  /** The x values of its curves; equally spaced ones are the same list for every run that has them. */
  places(axis) {
    if (axis === "time") return this.curves.time === null ? null : seriesOf(this.curves.time);
    const places = this.curves[axis];
    return Array.isArray(places) ? places : spaced(places, this.curves.rows);
  }

  /** The y values of one curve, or `null`. */
  curve(metric) {
    const place = this.curves.series[data.metrics.indexOf(metric)];
    return place === undefined ? null : seriesOf(place);
  }
}

const runs = data.runs.map((row, index) => new Run(row, index));
const groups = data.groups.map((label, index) => ({ label, index, runs: runs.filter((run) => run.group === index) }));
const hasSeeds = groups.some((group) => group.runs.length > 1);
const hyperparameters = data.parameters
  .map((parameter, place) => ({ ...parameter, place }))
  .filter((one) => one.hyper);

/** What the reader has chosen; every part of the page is drawn from it. */
const state = {
  text: "",
  statuses: new Set(),
  /** Ranges brushed on the axes of the parallel coordinates: place to [low, high] in parts of the axis. */
  brushes: new Map(),
  metric: data.monitor.metric,
  bySeed: hasSeeds,
  hovered: null,
};

const listeners = [];

/** Calls `draw` now and whenever what it depends on has changed. */
function watch(draw) {
  listeners.push(draw);
  draw();
}

const changed = nextFrame(() => {
  visibleRuns = runs.filter(isVisible);
  color();
  listeners.forEach((draw) => draw());
});

let visibleRuns = runs;

function goalOf(metric) {
  return data.goals[metric] ?? (metric === data.monitor.metric ? data.monitor.goal : "min");
}

/** Negative if `left` is better; whatever is no number comes last. */
function byFigure(metric) {
  const sign = goalOf(metric) === "max" ? -1 : 1;
  return (left, right) => {
    const [a, b] = [left, right].map((run) => run.figure(metric));
    if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
    return sign * (a - b) || left.index - right.index;
  };
}

/** Metrics of the best epoch: the chosen one first, then the rest of the validation. */
const figureNames = (() => {
  const known = new Set(runs.flatMap((run) => Object.keys(run.best)));
  const named = data.metrics.filter((name) => known.has(name) && name.startsWith("val_"));
  const first = known.has(data.monitor.metric) ? [data.monitor.metric] : [];
  const all = [...new Set([...first, ...named])];
  return all.length > 0 ? all : data.metrics.filter((name) => known.has(name)).slice(0, 3);
})();

/** Eight colors that stay apart for the color-blind, with a dash for the second half; set by the style sheet. */
const COLORS = 8;
const DASHES = [[], [], [], [], [7, 3], [7, 3], [2, 3], [2, 3]];
const QUIET = 6;

/** Lines that are drawn in color: what the reader picked, or else the best few. */
let lines = [];

function color() {
  const units = state.bySeed ? groups.map(groupUnit) : runs.map(runUnit);
  const shown = units.filter((unit) => unit.runs.length > 0);
  const picked = shown.filter((unit) => unit.runs.some((run) => run.isPicked));
  const order = byFigure(state.metric);
  const best = (unit) => [...unit.runs].sort(order)[0];
  const ranked = (picked.length > 0 ? picked : [...shown]).sort((a, b) => order(best(a), best(b)));
  const colored = ranked.slice(
    0,
    picked.length > 0 ? COLORS : Math.min(COLORS, shown.length > COLORS ? QUIET : COLORS),
  );
  for (const run of runs) run.line = null;
  colored.forEach((unit, place) => {
    unit.color = place;
    for (const run of unit.runs) run.line = place;
  });
  for (const unit of shown) if (!colored.includes(unit)) unit.color = null;
  lines = shown;
}

function runUnit(run) {
  return { label: run.name, runs: isVisible(run) ? [run] : [] };
}

function groupUnit(group) {
  return { label: group.label, runs: group.runs.filter(isVisible) };
}

/** The value of a color variable, for what is drawn on a canvas. */
function paint(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function lineColor(place) {
  return place === null ? paint("--quiet-line") : paint(`--line-${place}`);
}
