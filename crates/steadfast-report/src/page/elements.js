// Elements and numbers: the only place that makes nodes. Text becomes text nodes, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** Makes an element: attributes, `on...` handlers, and children that are nodes or texts. */
function el(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(node.style, value);
    else if (name === "vars") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** A metric as the terminal shows it: four digits after the point, an exponent where that says nothing. */
function metricText(value) {
  if (value === undefined || value === null) return "";
  if (typeof value !== "number") return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return value.toExponential(2).replace("e+", "e");
  return size >= 100 ? value.toFixed(1) : value.toFixed(4);
}

/** A value of a config: numbers in their shortest form, texts as they are, everything else as JSON. */
function plainText(value) {
  if (value === undefined) return "–";
  if (typeof value === "number") return numberText(value);
  return typeof value === "string" ? value : JSON.stringify(value);
}

function numberText(value) {
  const size = Math.abs(value);
  if (Number.isInteger(value) && size < 1e7) return countText(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return trimmed(value.toExponential(4));
  return trimmed(value.toPrecision(6));
}

function trimmed(text) {
  const [number, exponent] = text.split("e");
  const short = number.includes(".") ? number.replace(/0+$/, "").replace(/\.$/, "") : number;
  return exponent === undefined ? short : `${short}e${exponent.replace("+", "")}`;
}

function countText(value) {
  return Math.abs(value) < 10000 ? String(value) : String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

function plural(count, noun) {
  return `${countText(count)} ${noun}${count === 1 ? "" : "s"}`;
}

function timeText(seconds) {
  if (!Number.isFinite(seconds)) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(Math.floor(seconds % 60)).padStart(2, "0")} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor((seconds % 3600) / 60)).padStart(2, "0")} min`;
}

function bytesText(bytes) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; bytes >= 1024 && unit + 1 < units.length; unit++) bytes /= 1024;
  return unit === 0 ? `${bytes} B` : `${bytes.toFixed(1)} ${units[unit]}`;
}

/** Numbers of single precision behind base 64. */
function unpack(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Float32Array(bytes.buffer);
}

/** A switch with a label; `change` gets whether it is on. */
function toggle(label, isOn, change, title) {
  const input = el("input", { type: "checkbox", checked: isOn, onchange: () => change(input.checked) });
  return el("label", { class: "toggle", title }, input, el("span", {}, label));
}

/** A choice among `[value, label]` pairs. */
function choice(label, options, chosen, change) {
  const pick = (value) => el("option", { value, selected: value === chosen }, "");
  const select = el("select", { "aria-label": label, onchange: () => change(select.value) });
  for (const [value, text] of options) {
    const option = pick(value);
    option.textContent = text;
    select.append(option);
  }
  return el("label", { class: "choice" }, el("span", {}, label), select);
}

/** A part of the page with its heading; hidden as long as nothing is in it. */
function section(id, title, note) {
  const body = el("div", { class: "body" });
  const heading = el("h2", {}, el("a", { href: `#${id}` }, title));
  const node = el(
    "section",
    { id, "aria-label": title },
    heading,
    note ? el("p", { class: "note" }, note) : null,
    body,
  );
  return { node, body };
}

/** Puts off until the next frame, once however often it is asked. */
function nextFrame(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}
