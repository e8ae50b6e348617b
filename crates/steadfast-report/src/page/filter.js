// Which runs are shown: words, conditions such as lr<0.01, states, and ranges brushed on an axis.

const CONDITION = /^([^\s<>=!]+)(!=|<=|>=|=|<|>)(.*)$/;

/** What a key of a condition means for a run: a figure of the best epoch, a parameter, or a property. */
function lookUp(run, key) {
  if (key in run.best) return run.best[key];
  const place = data.parameters.findIndex((parameter) => parameter.key === key || parameter.short === key);
  if (place >= 0) return run.value(place);
  const common = data.common.find(([name]) => name === key || name.endsWith(`.${key}`));
  if (common) return common[1];
  return { name: run.name, status: run.status, epochs: run.epochs, steps: run.steps, parameters: run.parameters }[
    key
  ];
}

function holds(run, [, key, sign, wanted]) {
  const found = lookUp(run, key);
  if (found === undefined) return sign === "!=";
  const [left, right] = [asNumber(found), Number(wanted)];
  const areNumbers = wanted.trim() !== "" && !Number.isNaN(left) && !Number.isNaN(right);
  const [a, b] = areNumbers ? [left, right] : [plainText(found).toLowerCase(), wanted.toLowerCase()];
  switch (sign) {
    case "=":
      return a === b;
    case "!=":
      return a !== b;
    case "<":
      return a < b;
    case "<=":
      return a <= b;
    case ">":
      return a > b;
    default:
      return a >= b;
  }
}

function isVisible(run) {
  if (state.statuses.size > 0 && !state.statuses.has(run.status)) return false;
  for (const word of state.text.split(/\s+/).filter(Boolean)) {
    const condition = CONDITION.exec(word);
    if (condition && condition[3] === "") continue;
    if (condition ? !holds(run, condition) : !run.search.includes(word.toLowerCase())) return false;
  }
  return isBrushed(run);
}

function isBrushed(run) {
  for (const [axis, [low, high]] of state.brushes) {
    const place = axes[axis]?.place(run);
    if (place === undefined || !(place >= low && place <= high)) return false;
  }
  return true;
}

const STATUS_ORDER = ["completed", "running", "interrupted", "failed"];

/** The row of controls above the table. */
function filterBar() {
  const input = el("input", {
    type: "search",
    id: "filter",
    placeholder: "Filter: words, or conditions such as lr<0.01",
    "aria-label": "Filter runs",
    oninput: () => {
      state.text = input.value;
      changed();
    },
  });
  const chips = STATUS_ORDER.filter((status) => runs.some((run) => run.status === status)).map(statusChip);
  const count = el("span", { class: "count", "aria-live": "polite" });
  const reset = el("button", { type: "button", class: "plain", onclick: clear }, "Clear");
  function clear() {
    input.value = state.text = "";
    state.statuses.clear();
    state.brushes.clear();
    for (const run of runs) run.isPicked = false;
    changed();
  }
  watch(() => {
    const isAll = visibleRuns.length === runs.length;
    count.textContent = isAll
      ? plural(runs.length, "run")
      : `${countText(visibleRuns.length)} of ${plural(runs.length, "run")}`;
    reset.hidden = isAll && !runs.some((run) => run.isPicked);
    for (const chip of chips) chip.setAttribute("aria-pressed", String(state.statuses.has(chip.dataset.status)));
  });
  return el("div", { class: "controls" }, input, chips.length > 1 ? chips : null, count, reset);
}

function statusChip(status) {
  const flip = () => {
    if (!state.statuses.delete(status)) state.statuses.add(status);
    changed();
  };
  const count = runs.filter((run) => run.status === status).length;
  const chip = el("button", { type: "button", class: "chip", "aria-pressed": "false", onclick: flip });
  chip.dataset.status = status;
  chip.append(statusMark(status), ` ${countText(count)}`);
  return chip;
}

const MARKS = { completed: "✓", failed: "✕", interrupted: "◐", running: "▸" };

/** A state, told by sign, word and color. */
function statusMark(status) {
  const known = status in MARKS ? status : "other";
  return el(
    "span",
    { class: `status ${known}` },
    el("span", { "aria-hidden": "true" }, MARKS[status] ?? "·"),
    ` ${status}`,
  );
}
