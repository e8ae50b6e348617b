// A line chart: lines on a canvas, since there may be a thousand; axes and what is under the pointer in SVG above it.

const MARGIN = { left: 48, right: 12, top: 10, bottom: 26 };

/** Lines are `{label, color, dash, xs, ys, low, high, run}`, those without a color drawn first and quietly. */
class Chart {
  constructor(title, options) {
    this.title = title;
    this.options = options;
    this.canvas = el("canvas", { "aria-hidden": "true" });
    this.layer = svg("svg", { role: "img", "aria-label": `${title}: learning curves` });
    this.plot = el("div", { class: "plot", tabindex: "0", "aria-label": `${title}; arrow keys read the values` });
    this.plot.append(this.canvas, this.layer);
    this.node = el("figure", { class: "chart" }, el("figcaption", {}, title), this.plot);
    this.at = null;
    this.pointer();
    new ResizeObserver(() => this.draw()).observe(this.plot);
  }

  pointer() {
    this.plot.addEventListener("pointermove", (event) => {
      const box = this.plot.getBoundingClientRect();
      this.show(event.clientX - box.left, event.clientY - box.top);
    });
    this.plot.addEventListener("pointerleave", () => this.hide());
    this.plot.addEventListener("blur", () => this.hide());
    this.plot.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step || !this.x) return;
      event.preventDefault();
      const xs = this.longest()?.xs ?? [];
      const place = this.at === null ? (step > 0 ? 0 : xs.length - 1) : nearest(xs, this.at) + step;
      if (xs.length > 0) this.show(this.x.at(xs[Math.max(0, Math.min(xs.length - 1, place))]), null);
    });
  }

  longest() {
    return [...this.lines].sort((a, b) => b.xs.length - a.xs.length)[0];
  }

  /** Shows these lines; `log`, `calm` and `axis` say how. */
  set(lines, { log, calm, axis }) {
    Object.assign(this, { lines, log, calm, axis });
    this.draw();
  }

  draw() {
    const [width, height] = [this.plot.clientWidth, this.plot.clientHeight];
    if (width === 0 || !this.lines) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.layer.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.scales(width, height);
    const context = this.canvas.getContext("2d");
    context.scale(ratio, ratio);
    context.beginPath();
    context.rect(
      MARGIN.left,
      MARGIN.top - 4,
      width - MARGIN.left - MARGIN.right + 6,
      height - MARGIN.top - MARGIN.bottom + 8,
    );
    context.clip();
    this.strokes(context);
    this.axes(width, height);
  }

  scales(width, height) {
    let [low, high] = [Infinity, -Infinity];
    for (const { xs } of this.lines) {
      low = Math.min(low, xs[0]);
      high = Math.max(high, xs[xs.length - 1]);
    }
    const isSingle = !(high > low);
    const [from, to] = isSingle ? [(low || 0) - 1, (high || 0) + 1] : [low, high];
    this.x = scale(from, to, MARGIN.left + 4, width - MARGIN.right);
    // Bands of quiet lines are not drawn.
    const seen = (line) => (line.color !== null && line.low ? [line.ys, line.low, line.high] : [line.ys]);
    const [bottom, top] = extent(this.lines.flatMap(seen), this);
    this.y = scale(bottom, top, height - MARGIN.bottom, MARGIN.top, this.log);
  }

  strokes(context) {
    const quiet = this.lines.filter((line) => line.color === null);
    const loud = this.lines.filter((line) => line.color !== null);
    context.lineJoin = "round";
    context.globalAlpha = Math.max(0.16, Math.min(0.7, 20 / (quiet.length + 1)));
    context.strokeStyle = lineColor(null);
    context.lineWidth = 1;
    for (const line of quiet) this.stroke(context, line.xs, line.ys);
    for (const line of [...loud].reverse()) {
      context.fillStyle = context.strokeStyle = lineColor(line.color);
      context.globalAlpha = 0.17;
      if (line.low) this.band(context, line);
      context.globalAlpha = 1;
      context.lineWidth = 1.8;
      context.setLineDash(DASHES[line.color]);
      this.stroke(context, line.xs, line.ys);
      context.setLineDash([]);
      if (line.xs.length === 1) this.dot(context, line);
    }
  }

  stroke(context, xs, ys) {
    context.beginPath();
    let isDown = false;
    for (let place = 0; place < xs.length; place++) {
      const y = this.y.at(ys[place]);
      if (!Number.isFinite(y)) {
        isDown = false;
        continue;
      }
      if (isDown) context.lineTo(this.x.at(xs[place]), y);
      else context.moveTo(this.x.at(xs[place]), y);
      isDown = true;
    }
    context.stroke();
  }

  band(context, { xs, low, high }) {
    const inside = [...xs.keys()].filter((place) => Number.isFinite(low[place]) && Number.isFinite(high[place]));
    const floor = (value) => (this.log && !(value > 0) ? this.y.low : value);
    context.beginPath();
    for (const place of inside) context.lineTo(this.x.at(xs[place]), this.y.at(floor(high[place])));
    for (const place of inside.reverse()) context.lineTo(this.x.at(xs[place]), this.y.at(floor(low[place])));
    context.fill();
  }

  dot(context, { xs, ys }) {
    context.beginPath();
    context.arc(this.x.at(xs[0]), this.y.at(ys[0]), 3.5, 0, 7);
    context.fill();
  }

  axes(width, height) {
    const parts = [];
    for (const tick of this.y.ticks()) {
      const y = this.y.at(tick);
      parts.push(svg("line", { class: "rule", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y }));
      parts.push(svg("text", { x: MARGIN.left - 6, y: y + 3.5, "text-anchor": "end" }, tickText(tick)));
    }
    const wide = scale(this.x.low, this.x.high, 0, (width - MARGIN.left) * 0.75);
    for (const tick of wide.ticks().filter((tick) => this.axis === "time" || Number.isInteger(tick))) {
      parts.push(svg("text", { x: this.x.at(tick), y: height - 8, "text-anchor": "middle" }, tickText(tick)));
    }
    const unit = this.axis === "time" ? "seconds" : this.axis;
    parts.push(svg("text", { class: "unit", x: MARGIN.left - 6, y: height - 8, "text-anchor": "end" }, unit));
    this.mark = svg("g", { class: "mark" });
    this.layer.replaceChildren(...parts, this.mark);
  }

  /** Reads the lines at a pixel; without a height all of them count alike. */
  show(pixel, height) {
    if (!this.x || this.lines.length === 0) return;
    const wanted = this.x.back(pixel);
    const reach = 14;
    const found = [];
    for (const line of this.lines) {
      const place = nearest(line.xs, wanted);
      const [x, y] = [line.xs[place], line.ys[place]];
      const isFar =
        Math.abs(this.x.at(x) - pixel) >
        Math.max(reach, (this.x.at(this.x.high) - this.x.at(this.x.low)) / line.xs.length);
      if (!isFar && !Number.isNaN(y))
        found.push({ line, place, x, y, distance: height === null ? 0 : Math.abs(this.y.at(y) - height) });
    }
    if (found.length === 0) return this.hide();
    found.sort((a, b) => a.distance - b.distance);
    const [first] = found;
    this.at = first.x;
    const loud = found.filter((one) => one.line.color !== null || one === first).slice(0, 9);
    loud.sort((a, b) => b.y - a.y);
    this.point(loud, first);
    this.options.tell(this, first, loud);
  }

  point(loud, first) {
    const x = this.x.at(first.x);
    const height = this.plot.clientHeight;
    const rule = svg("line", { class: "cursor", x1: x, x2: x, y1: MARGIN.top, y2: height - MARGIN.bottom });
    const dots = loud
      .filter((one) => Number.isFinite(this.y.at(one.y)))
      .map((one) => {
        const dot = svg("circle", { cx: this.x.at(one.x), cy: this.y.at(one.y), r: one === first ? 5 : 3.5 });
        dot.style.fill = lineColor(one.line.color);
        return dot;
      });
    this.mark.replaceChildren(rule, this.trace(first.line), ...dots);
  }

  /** The line under the pointer, drawn once more so that it stands out of a crowd. */
  trace({ xs, ys, color }) {
    const points = [...xs.keys()].filter((place) => Number.isFinite(this.y.at(ys[place])));
    const path = points.map(
      (place, index) => `${index === 0 ? "M" : "L"}${this.x.at(xs[place])} ${this.y.at(ys[place])}`,
    );
    const node = svg("path", { class: "trace", d: path.join("") });
    node.style.stroke = color === null ? paint("--ink") : lineColor(color);
    return node;
  }

  /** Makes the line of a run stand out that is pointed at elsewhere. */
  highlight(run) {
    if (!this.mark) return;
    const line = run && this.lines.find((candidate) => candidate.runs.includes(run));
    this.mark.replaceChildren(...(line ? [this.trace(line)] : []));
  }

  hide() {
    this.at = null;
    this.mark?.replaceChildren();
    this.options.tell(this, null, []);
  }
}

/** The place of the value nearest to `wanted` in a list that rises. */
function nearest(values, wanted) {
  let [low, high] = [0, values.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle] < wanted) low = middle;
    else high = middle;
  }
  return Math.abs(values[low] - wanted) <= Math.abs(values[high] - wanted) ? low : high;
}
