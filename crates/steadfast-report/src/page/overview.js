// The head of the page: what this is, and what came of it.

function overview() {
  const counts = STATUS_ORDER.map((status) => [status, runs.filter((run) => run.status === status).length]);
  const told = counts.filter(([, count]) => count > 0).map(([status, count]) => `${countText(count)} ${status}`);
  return el(
    "header",
    {},
    el("h1", {}, data.title),
    el(
      "p",
      { class: "lead" },
      runs.length === 0 ? "No runs yet." : [plural(runs.length, "run"), ...told].join(" · "),
    ),
    runs.length === 0 ? emptyNote() : cards(),
  );
}

function emptyNote() {
  return el(
    "p",
    { class: "empty" },
    "There is nothing here to show. Train something with ",
    el("code", {}, "runner configs/"),
    " and make this page again.",
  );
}

function cards() {
  const ranked = [...runs].filter((run) => !Number.isNaN(run.figure(state.metric))).sort(byFigure(state.metric));
  const all = [];
  if (ranked.length > 0) all.push(bestCard(ranked[0], runs.length > 1 ? `best ${state.metric}` : state.metric));
  const others = figureNames.filter((name) => name !== state.metric).slice(0, 1);
  for (const name of others) {
    const best = [...runs].filter((run) => !Number.isNaN(run.figure(name))).sort(byFigure(name))[0];
    if (best) all.push(bestCard(best, runs.length > 1 ? `best ${name}` : name, name));
  }
  const seconds = runs.reduce((sum, run) => sum + (run.seconds ?? 0), 0);
  const epochs = runs.reduce((sum, run) => sum + (run.epochs ?? 0), 0);
  if (seconds > 0) all.push(card("time spent", timeText(seconds), `${countText(epochs)} epochs in all`));
  const seeds = groups.filter((group) => group.runs.length > 1).length;
  if (hyperparameters.length > 0) {
    const note =
      seeds > 0 ? `${plural(seeds, "choice")} with several seeds` : plural(groups.length, "different choice");
    all.push(card("what differs", plural(hyperparameters.length, "parameter"), note));
  } else if (seeds > 0) {
    all.push(card("what differs", "the seed alone", `${plural(seeds, "group")} of runs`));
  }
  return el("div", { class: "cards" }, all);
}

function bestCard(run, label, metric = state.metric) {
  const value = run.best[metric];
  const name = el("button", { type: "button", class: "link", onclick: () => showDetails(run) }, run.name);
  return card(label, el("span", { "data-value": String(value) }, metricText(asNumber(value))), name, run.best.epoch);
}

function card(label, figure, note, epoch) {
  return el(
    "div",
    { class: "card" },
    el("span", { class: "label" }, label),
    el("span", { class: "figure" }, figure),
    el("span", { class: "remark" }, epoch === undefined ? "" : `epoch ${epoch} of `, note),
  );
}

/** Links to the parts that are there. */
function contents(parts) {
  const links = parts.map(({ node }) => el("a", { href: `#${node.id}` }, node.getAttribute("aria-label")));
  return parts.length > 1 ? el("nav", { "aria-label": "Parts of this page" }, links) : null;
}
