// Puts the page together. Whatever goes wrong in one part is said there and leaves the others alone.

function attempt(make) {
  try {
    return make();
  } catch (error) {
    console.error(error);
    return {
      node: el("section", { id: "trouble", "aria-label": "Trouble" }, el("p", { class: "failure" }, String(error))),
    };
  }
}

function tableSection() {
  if (runs.length === 0) return null;
  const part = section("runs", "Runs");
  if (runs.length > 1) part.body.append(filterBar());
  part.body.append(runsTable());
  if (runs.length > 1) {
    part.body.append(
      el(
        "p",
        { class: "note" },
        "Only parameters that differ are shown; figures are those of the best epoch. ",
        "Squares pick runs for the charts, names open everything about a run.",
      ),
    );
  }
  return part;
}

color();
const page = document.getElementById("page");
const made = [
  tableSection,
  curvesSection,
  seedsSection,
  hyperparametersSection,
  confusionSection,
  failuresSection,
  provenanceSection,
]
  .map(attempt)
  .filter((part) => part !== null);
page.append(attempt(() => ({ node: overview() })).node, contents(made) ?? "", ...made.map((part) => part.node));
page.append(
  el(
    "footer",
    {},
    "Made by ",
    data.program,
    ". Figures are those of result.json; curves are drawn with single precision.",
  ),
);
