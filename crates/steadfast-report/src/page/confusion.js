// Confusion matrices, as the validation of the best epoch found them.

function confusionSection() {
  const withMatrix = runs.filter((run) => Array.isArray(run.evaluation?.confusion_matrix?.counts));
  if (withMatrix.length === 0) return null;
  const part = section(
    "confusion",
    "Confusion matrix",
    "Validation of the best epoch: rows are what is true, columns what was predicted.",
  );
  const ranked = [...withMatrix].sort(byFigure(state.metric));
  let chosen = ranked[0];
  let isShare = false;
  const place = el("div", { class: "halves confusion" });
  const draw = () => place.replaceChildren(matrix(chosen, isShare), perClass(chosen));
  const pick = (index) => {
    chosen = runs[Number(index)];
    draw();
  };
  const controls = el(
    "div",
    { class: "controls" },
    choice(
      "run",
      ranked.map((run) => [String(run.index), run.name]),
      String(chosen.index),
      pick,
    ),
    toggle("shares of each row", false, (isOn) => {
      isShare = isOn;
      draw();
    }),
  );
  part.body.append(controls, place);
  draw();
  return part;
}

function matrix(run, isShare) {
  const { counts, classes } = run.evaluation.confusion_matrix;
  const names = counts.map((_, place) => plainText(classes?.[place] ?? place));
  const sums = counts.map((row) => row.reduce((sum, count) => sum + count, 0) || 1);
  const head = el(
    "tr",
    {},
    el("th", { class: "corner" }, ""),
    names.map((name) => el("th", { scope: "col", title: name }, el("span", {}, short(name)))),
  );
  const rows = counts.map((row, truth) => {
    const cells = row.map((count, guess) => {
      const share = count / sums[truth];
      const text = isShare ? (share === 0 ? "0" : share.toFixed(2)) : countText(count);
      const title = `${names[truth]} taken for ${names[guess]}: ${count} of ${sums[truth]}`;
      const classes = [
        truth === guess ? "right" : "wrong",
        share > 0.5 ? "strong" : "",
        count === 0 ? "none" : "",
      ].join(" ");
      return el(
        "td",
        {
          class: classes,
          title,
          "data-value": String(count),
          vars: { "--share": `${Math.round(100 * Math.sqrt(share))}%` },
        },
        text,
      );
    });
    return el("tr", {}, el("th", { scope: "row", title: names[truth] }, short(names[truth])), cells);
  });
  const size = counts.length > 24 ? "matrix dense" : "matrix";
  return el(
    "div",
    { class: "scroll bare", tabindex: "0", role: "region", "aria-label": "Confusion matrix" },
    el("table", { class: size, id: "matrix" }, el("thead", {}, head), el("tbody", {}, rows)),
  );
}

function short(name) {
  return name.length > 12 ? `${name.slice(0, 11)}…` : name;
}

/** Precision and recall of each class, worst recall first. */
function perClass(run) {
  const { counts, classes } = run.evaluation.confusion_matrix;
  const rows = counts.map((row, place) => {
    const [right, all] = [row[place], row.reduce((sum, count) => sum + count, 0)];
    const guessed = counts.reduce((sum, other) => sum + other[place], 0);
    return { name: plainText(classes?.[place] ?? place), recall: right / all, precision: right / guessed, all };
  });
  rows.sort((a, b) => a.recall - b.recall);
  const cell = (value) => el("td", { class: "number" }, Number.isFinite(value) ? value.toFixed(3) : "–");
  const body = rows
    .slice(0, 12)
    .map((row) =>
      el(
        "tr",
        {},
        el("th", { scope: "row" }, short(row.name)),
        cell(row.recall),
        cell(row.precision),
        el("td", { class: "number" }, countText(row.all)),
      ),
    );
  const head = el(
    "tr",
    {},
    ["class", "recall", "precision", "samples"].map((name, place) =>
      el("th", { scope: "col", class: place > 0 ? "number" : "" }, name),
    ),
  );
  const figures = Object.entries(run.evaluation).filter(([, value]) => typeof value === "number");
  return el(
    "div",
    {},
    el("h3", {}, rows.length > 12 ? "The twelve classes found least" : "Classes, the one found least first"),
    el("table", { class: "plain" }, el("thead", {}, head), el("tbody", {}, body)),
    el(
      "dl",
      { class: "figures" },
      figures.map(([name, value]) =>
        el("div", {}, el("dt", {}, name), el("dd", { "data-value": String(value) }, metricText(value))),
      ),
    ),
  );
}
