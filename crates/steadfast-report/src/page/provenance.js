// Where the figures come from: programs, machines, data, and what every config says.

function provenanceSection() {
  if (runs.length === 0) return null;
  const part = section("provenance", "Provenance");
  part.body.append(...environmentsPart(), dataPart(), commonPart());
  return part;
}

function environmentsPart() {
  return data.environments.slice(0, 12).map((environment, index) => {
    const count = runs.filter((run) => run.environment === index).length;
    const told = data.environments.length === 1 ? "Every run was made with" : `${plural(count, "run")} made with`;
    return facts(told, Object.entries(environment));
  });
}

/** Each data set by its fingerprint, with the paths it was read from. */
function dataPart() {
  const found = new Map();
  for (const run of runs) {
    if (!run.data_sha256) continue;
    const entry = found.get(run.data_sha256) ?? { count: 0, paths: new Set() };
    entry.count += 1;
    entry.paths.add(plainText(lookUp(run, "dataset_path")));
    found.set(run.data_sha256, entry);
  }
  if (found.size === 0) return "";
  const row = ([sha256, { count, paths }]) =>
    el(
      "tr",
      {},
      el("th", { scope: "row" }, [...paths].slice(0, 3).join(", ")),
      el("td", { class: "number" }, countText(count)),
      el("td", {}, el("code", {}, sha256)),
    );
  const head = el(
    "tr",
    {},
    el("th", { scope: "col" }, "data"),
    el("th", { scope: "col", class: "number" }, "runs"),
    el("th", { scope: "col" }, "SHA-256 of what was read"),
  );
  const table = el(
    "table",
    { class: "plain" },
    el("thead", {}, head),
    el("tbody", {}, [...found].slice(0, 50).map(row)),
  );
  return el(
    "div",
    {},
    el("h3", {}, "Data"),
    el("div", { class: "scroll bare", tabindex: "0", role: "region", "aria-label": "Data" }, table),
  );
}

function commonPart() {
  if (data.common.length === 0) return "";
  const label = runs.length === 1 ? "The config" : `What all configs share: ${plural(data.common.length, "value")}`;
  return el("details", {}, el("summary", {}, label), facts("", data.common));
}
