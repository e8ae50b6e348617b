// The table of runs: only the parameters that differ, every column sortable.

/** Parameters beyond so many are left to the details of a run. */
const MOST_COLUMNS = 12;

function columns() {
  const shown = data.parameters.filter((one) => !["name", "description"].includes(one.key));
  const all = [
    { name: "run", key: (run) => run.name.toLowerCase(), cell: nameCell, kind: "name" },
    { name: "status", key: (run) => STATUS_ORDER.indexOf(run.status), cell: (run) => statusMark(run.status) },
  ];
  for (const parameter of shown.slice(0, MOST_COLUMNS)) {
    const place = data.parameters.indexOf(parameter);
    all.push({
      name: parameter.short,
      title: parameter.key,
      number: parameter.numeric,
      key: (run) => run.values[place],
      cell: (run) => settingText(run.value(place)),
    });
  }
  all.push({
    name: "epochs",
    number: true,
    key: (run) => run.epochs ?? NaN,
    cell: (run) => countText(run.epochs ?? 0),
  });
  all.push({
    name: "best at",
    title: "best epoch",
    number: true,
    key: (run) => run.best.epoch ?? NaN,
    cell: (run) => plainText(run.best.epoch),
  });
  for (const metric of figureNames) all.push(figureColumn(metric));
  if (runs.some((run) => run.seconds !== undefined)) {
    all.push({ name: "time", number: true, key: (run) => run.seconds ?? NaN, cell: (run) => timeText(run.seconds) });
  }
  return all;
}

function figureColumn(metric) {
  const best = [...runs]
    .filter((run) => !Number.isNaN(run.figure(metric)))
    .sort(byFigure(metric))[0]
    ?.figure(metric);
  const isBest = (run) => runs.length > 1 && run.figure(metric) === best;
  const down = goalOf(metric) === "max";
  const cell = (run) => metricText(asNumber(run.best[metric] ?? undefined));
  return {
    name: metric,
    number: true,
    metric,
    down,
    key: (run) => run.figure(metric),
    cell: (run) => (metric in run.best ? cell(run) : ""),
    isBest,
  };
}

function settingText(value) {
  const text = plainText(value);
  return text.length > 40 ? el("span", { title: text }, `${text.slice(0, 38)}…`) : text;
}

function nameCell(run) {
  const swatch = el("button", {
    type: "button",
    class: "swatch",
    "aria-label": `Pick ${run.name} for the charts`,
    onclick: () => {
      run.isPicked = !run.isPicked;
      changed();
    },
  });
  run.swatch = swatch;
  const name = el("button", { type: "button", class: "link", onclick: () => showDetails(run) }, run.name);
  return el("span", { class: "name" }, swatch, name);
}

function runsTable() {
  const all = columns();
  const order = {
    column: all.find((column) => column.metric === state.metric) ?? all[0],
    reverse: false,
    isGiven: data.ordered,
  };
  order.reverse = order.column.down ?? false;
  const rows = new Map(runs.map((run) => [run, tableRow(run, all)]));
  const body = el("tbody");
  const heads = all.map((column) => head(column, order, draw));
  function draw() {
    const keep = visibleRuns;
    const sorted = order.isGiven ? keep : [...keep].sort(comparison(order));
    body.replaceChildren(...sorted.map((run) => rows.get(run)));
    heads.forEach((node, place) => {
      const isSorted = !order.isGiven && order.column === all[place];
      node.setAttribute("aria-sort", isSorted ? (order.reverse ? "descending" : "ascending") : "none");
    });
    for (const run of runs) {
      run.swatch.style.setProperty("--swatch", run.line === null ? "transparent" : `var(--line-${run.line})`);
      run.swatch.setAttribute("aria-pressed", String(run.isPicked));
    }
  }
  watch(draw);
  const table = el("table", { id: "runs-table" }, el("thead", {}, el("tr", {}, heads)), body);
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Table of runs" }, table);
}

function head(column, order, draw) {
  const sort = () => {
    const isSame = !order.isGiven && order.column === column;
    order.reverse = isSame ? !order.reverse : (column.down ?? false);
    order.column = column;
    order.isGiven = false;
    draw();
  };
  const button = el("button", { type: "button", onclick: sort, title: column.title }, column.name);
  return el("th", { scope: "col", class: column.number ? "number" : (column.kind ?? "") }, button);
}

function comparison({ column, reverse }) {
  const missing = (value) =>
    value === undefined || (typeof value === "number" && Number.isNaN(value)) || value === -1;
  return (left, right) => {
    const [a, b] = [column.key(left), column.key(right)];
    if (missing(a) || missing(b)) return missing(a) - missing(b) || left.index - right.index;
    const compared = a < b ? -1 : a > b ? 1 : 0;
    return (reverse ? -compared : compared) || left.index - right.index;
  };
}

function tableRow(run, all) {
  const cells = all.map((column) => {
    const value = column.metric && column.metric in run.best ? String(run.best[column.metric]) : undefined;
    const classes = [column.number ? "number" : "", column.kind ?? "", column.isBest?.(run) ? "top" : ""]
      .join(" ")
      .trim();
    const tag = column.kind === "name" ? "th" : "td";
    return el(tag, { class: classes, scope: tag === "th" ? "row" : null, "data-value": value }, column.cell(run));
  });
  const hover = (hovered) => () => {
    state.hovered = hovered;
    hoverChanged();
  };
  return el("tr", { onmouseenter: hover(run), onmouseleave: hover(null) }, cells);
}
