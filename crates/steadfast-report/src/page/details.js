// Everything about one run, in a dialog; and the runs that did not end well.

function showDetails(run) {
  const close = () => dialog.close();
  const dialog = el(
    "dialog",
    {
      "aria-label": run.name,
      onclose: () => dialog.remove(),
      onclick: (event) => event.target === dialog && close(),
    },
    el(
      "div",
      { class: "inside" },
      el(
        "div",
        { class: "title" },
        el("h2", {}, run.name),
        el("button", { type: "button", class: "plain", "aria-label": "Close", onclick: close }, "✕"),
      ),
      detailParts(run),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function detailParts(run) {
  const settings = data.parameters
    .map((parameter, place) => [parameter.key, run.value(place)])
    .filter(([, value]) => value !== undefined);
  const description = lookUp(run, "description");
  const hashes = ["config_sha256", "data_sha256", "model_best_sha256", "model_last_sha256"].filter((key) => run[key]);
  const environment = run.environment === null ? null : data.environments[run.environment];
  return [
    description ? el("p", {}, plainText(description)) : null,
    el(
      "p",
      {},
      statusMark(run.status),
      ` after ${plural(run.epochs ?? 0, "epoch")} and ${plural(run.steps ?? 0, "step")}`,
      run.stopped_early ? ", stopped early" : "",
    ),
    run.error ? failureText(run.error) : null,
    run.byte_identical_reason
      ? el("p", { class: "warning" }, `Not byte-identical: ${run.byte_identical_reason}`)
      : null,
    figuresTable(run),
    facts("What differs from the other runs", settings),
    facts("Where it comes from", [
      ...hashes.map((key) => [key, run[key]]),
      ...(run.lineage ?? []).map((ancestor) => ["forked from", ancestor]),
      ["trainable parameters", run.parameters],
      [
        "time",
        run.seconds === undefined
          ? undefined
          : `${timeText(run.seconds)}${run.starts > 1 ? ` in ${run.starts} starts` : ""}`,
      ],
      ["memory at most", run.memory === undefined ? undefined : bytesText(run.memory)],
    ]),
    environment ? facts("Environment", Object.entries(environment)) : null,
    el("details", {}, el("summary", {}, "The rest of the config, the same in every run"), facts("", data.common)),
  ];
}

function figuresTable(run) {
  const rows = [
    ["best", run.best],
    ["last", run.last ?? {}],
  ].filter(([, row]) => Object.keys(row).length > 0);
  if (rows.length === 0) return null;
  const names = Object.keys(rows[0][1]);
  const head = el(
    "tr",
    {},
    el("th", {}, ""),
    rows.map(([label]) => el("th", { scope: "col", class: "number" }, label)),
  );
  const cells = (name) =>
    rows.map(([, row]) => el("td", { class: "number", "data-value": String(row[name]) }, plainText(row[name])));
  return el(
    "table",
    { class: "plain" },
    el("thead", {}, head),
    el(
      "tbody",
      {},
      names.map((name) => el("tr", {}, el("th", { scope: "row" }, name), cells(name))),
    ),
  );
}

/** Pairs of a name and a value; objects are told key by key. */
function facts(title, pairs) {
  const flat = pairs.flatMap(([name, value]) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.entries(value).map(([key, inner]) => [`${name}.${key}`, inner])
      : [[name, value]],
  );
  const known = flat.filter(([, value]) => value !== undefined && value !== null);
  if (known.length === 0) return null;
  const rows = known.map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, plainText(value))));
  return el("div", {}, title ? el("h3", {}, title) : null, el("dl", { class: "facts" }, rows));
}

function failureText({ class: kind, message }) {
  return el("p", { class: "failure" }, el("strong", {}, kind), ` ${message}`);
}

function failuresSection() {
  const ended = runs.filter((run) => run.status === "failed" || run.status === "interrupted");
  if (ended.length === 0) return null;
  const part = section("failures", "Failures", "Runs that failed, and runs that were stopped and can go on.");
  const most = 50;
  const entry = (run) =>
    el(
      "li",
      {},
      el(
        "span",
        { class: "name" },
        el("button", { type: "button", class: "link", onclick: () => showDetails(run) }, run.name),
        statusMark(run.status),
      ),
      el("span", { class: "where" }, `after ${plural(run.epochs ?? 0, "epoch")}`),
      run.error ? failureText(run.error) : el("p", { class: "failure" }, "It was killed before it could say why."),
    );
  watch(() => {
    const shown = ended
      .filter(isVisible)
      .sort((a, b) => (a.status === b.status ? a.index - b.index : a.status === "failed" ? -1 : 1));
    const rest = shown.length - most;
    part.body.replaceChildren(
      el("ul", { class: "failures" }, shown.slice(0, most).map(entry)),
      rest > 0 ? el("p", { class: "note" }, `and ${plural(rest, "more")}; the filter finds them`) : "",
    );
  });
  return part;
}
