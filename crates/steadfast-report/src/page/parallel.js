// Parallel coordinates: a line per run through its hyperparameters to its figure. Dragging along an axis keeps the
// runs inside the range, here and everywhere on the page.

/** Axes beyond so many cannot be read. */
const MOST_AXES = 9;

/** One axis per hyperparameter, those that matter most first, and the figure last. */
const axes = (() => {
  const shares = new Map((data.importance[0]?.rows ?? []).map((row) => [row.parameter, row.share]));
  const ranked = [...hyperparameters].sort((a, b) => (shares.get(b.place) ?? 0) - (shares.get(a.place) ?? 0));
  const chosen = ranked.slice(0, MOST_AXES).map(parameterAxis);
  return chosen.length > 0 ? [...chosen, figureAxis()] : [];
})();

function parameterAxis(parameter) {
  const { levels, numeric, log } = parameter;
  if (numeric) {
    const [low, high] = extentOf(levels, log);
    const along = scale(low, high, 0, 1, log);
    const few = levels.length <= 7;
    const marks = few ? levels : scale(low, high, 0, 230, log).ticks();
    const ticks = marks.map((tick) => [along.at(tick), tickText(tick)]);
    return {
      label: parameter.short,
      title: parameter.key,
      ticks,
      place: (run) => along.at(run.value(parameter.place)),
    };
  }
  const names = [...levels.map(plainText), ...(runs.some((run) => run.values[parameter.place] < 0) ? ["–"] : [])];
  const at = (level) => (names.length === 1 ? 0.5 : level / (names.length - 1));
  const ticks = names.map((name, level) => [at(level), name.length > 14 ? `${name.slice(0, 13)}…` : name]);
  const place = (run) => at(run.values[parameter.place] < 0 ? levels.length : run.values[parameter.place]);
  return { label: parameter.short, title: parameter.key, ticks: ticks.length > 12 ? [] : ticks, place };
}

function extentOf(levels, log) {
  const [low, high] = [levels[0], levels[levels.length - 1]];
  if (low !== high) return [low, high];
  return log ? [low / 2, low * 2] : [low - 1, low + 1];
}

function figureAxis() {
  const axis = { label: state.metric, title: `${state.metric} of the best epoch`, isFigure: true };
  const refresh = () => {
    const values = runs.map((run) => run.figure(state.metric)).filter(Number.isFinite);
    const sorted = [...values].sort((a, b) => a - b);
    const isWild = sorted[0] > 0 && sorted[sorted.length - 1] / sorted[Math.floor(sorted.length / 2)] > 20;
    const [low, high] = values.length > 0 ? extentOf([sorted[0], sorted[sorted.length - 1]], isWild) : [0, 1];
    const along = scale(low, high, 0, 1, isWild);
    Object.assign(axis, {
      label: state.metric,
      ticks: scale(low, high, 0, 230, isWild).ticks().map((tick) => [along.at(tick), tickText(tick)]),
    });
    axis.place = (run) => along.at(run.figure(state.metric));
  };
  refresh();
  axis.refresh = refresh;
  return axis;
}

const PLOT = { height: 340, top: 44, bottom: 20, gap: 118 };

function parallelPlot() {
  if (axes.length < 2 || runs.length < 3) return null;
  const canvas = el("canvas", { "aria-hidden": "true" });
  const layer = svg("svg", { role: "group", "aria-label": "Parallel coordinates" });
  const plot = el("div", { class: "parallel" }, canvas, layer);
  const frame = el(
    "div",
    { class: "scroll bare", tabindex: "0", role: "region", "aria-label": "Parallel coordinates" },
    plot,
  );
  const redraw = () => drawParallel(frame, plot, canvas, layer);
  new ResizeObserver(nextFrame(redraw)).observe(frame);
  watch(redraw);
  darkness.addEventListener("change", redraw);
  return frame;
}

function drawParallel(frame, plot, canvas, layer) {
  const width = Math.max(frame.clientWidth, axes.length * PLOT.gap);
  if (frame.clientWidth === 0) return;
  axes[axes.length - 1].refresh?.();
  plot.style.width = `${width}px`;
  const ratio = window.devicePixelRatio || 1;
  [canvas.width, canvas.height] = [width * ratio, PLOT.height * ratio];
  layer.setAttribute("viewBox", `0 0 ${width} ${PLOT.height}`);
  const x = (place) => 56 + (place * (width - 112)) / (axes.length - 1);
  const y = (part) => PLOT.height - PLOT.bottom - part * (PLOT.height - PLOT.top - PLOT.bottom);
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  strokeRuns(context, x, y);
  layer.replaceChildren(...axes.map((axis, place) => axisNode(axis, place, x(place), y, layer)));
}

function strokeRuns(context, x, y) {
  const shown = new Set(visibleRuns);
  const drawn = runs.filter((run) => Number.isFinite(axes[axes.length - 1].place(run)));
  const ranked = [...drawn].sort(byFigure(state.metric)).reverse();
  const loud = ranked.filter((run) => shown.has(run));
  context.lineWidth = 1;
  context.globalAlpha = 0.12;
  context.strokeStyle = paint("--quiet-line");
  for (const run of ranked) if (!shown.has(run)) strokeRun(context, run, x, y);
  context.globalAlpha = Math.max(0.25, Math.min(0.85, 60 / (loud.length + 1)));
  loud.forEach((run, place) => {
    const part = loud.length > 1 ? place / (loud.length - 1) : 1;
    context.strokeStyle = rampColor(part);
    context.lineWidth = part > 0.95 ? 2.2 : 1.2;
    strokeRun(context, run, x, y);
  });
}

function strokeRun(context, run, x, y) {
  context.beginPath();
  let before = null;
  axes.forEach((axis, place) => {
    const point = [x(place), y(axis.place(run))];
    const middle = before ? (before[0] + point[0]) / 2 : 0;
    if (before) context.bezierCurveTo(middle, before[1], middle, point[1], ...point);
    else context.moveTo(...point);
    before = point;
  });
  context.stroke();
}

function axisNode(axis, place, x, y, layer) {
  const [bottom, top] = [y(0), y(1)];
  const name = axis.label.length > 18 ? `…${axis.label.slice(-17)}` : axis.label;
  const node = svg("g", { class: axis.isFigure ? "axis figure" : "axis", transform: `translate(${x},0)` });
  node.append(svg("title", {}, `${axis.title}; drag along the axis to keep a range`));
  node.append(svg("text", { class: "axis-name", y: 18, "text-anchor": "middle" }, name));
  node.append(svg("line", { y1: bottom, y2: top }));
  for (const [part, text] of axis.ticks) node.append(svg("text", { class: "tick", x: 6, y: y(part) - 4 }, text));
  const range = state.brushes.get(place);
  if (range)
    node.append(
      svg("rect", {
        class: "brush",
        x: -8,
        width: 16,
        y: y(range[1]),
        height: Math.max(2, y(range[0]) - y(range[1])),
      }),
    );
  const grip = svg("rect", { class: "grip", x: -22, width: 44, y: top - 8, height: bottom - top + 16 });
  node.append(grip);
  brushWith(grip, place, y, layer);
  return node;
}

/** The grip itself is replaced while it is dragged: whatever changes is drawn anew. */
function brushWith(grip, place, y, layer) {
  const partAt = (event) => {
    const box = layer.getBoundingClientRect();
    const [bottom, top] = [y(0), y(1)];
    return Math.min(1.02, Math.max(-0.02, (bottom - (event.clientY - box.top)) / (bottom - top)));
  };
  grip.addEventListener("pointerdown", (event) => {
    const from = partAt(event);
    const move = (now) => {
      const to = partAt(now);
      if (Math.abs(to - from) > 0.015) state.brushes.set(place, [Math.min(from, to), Math.max(from, to)]);
      else state.brushes.delete(place);
      changed();
    };
    const end = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", end);
    };
    event.preventDefault();
    state.brushes.delete(place);
    changed();
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", end);
  });
}
