// Axes: from figures to pixels, and round numbers to label.

/** A linear or logarithmic scale from `[low, high]` to pixels `[from, to]`. */
function scale(low, high, from, to, log = false) {
  const bend = log ? Math.log10 : (value) => value;
  const [a, b] = [bend(low), bend(high)];
  const span = b - a || 1;
  const at = (value) => from + ((bend(value) - a) / span) * (to - from);
  const back = (pixel) => {
    const value = a + ((pixel - from) / (to - from)) * span;
    return log ? 10 ** value : value;
  };
  return {
    at,
    back,
    low,
    high,
    log,
    ticks: () => (log ? logTicks(low, high) : ticks(low, high, Math.abs(to - from) / 45)),
  };
}

function ticks(low, high, most) {
  const count = Math.max(2, Math.min(8, Math.floor(most)));
  const raw = (high - low) / count;
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= raw * 0.999);
  const all = [];
  for (let place = Math.ceil(low / step - 1e-9); place * step <= high + step * 1e-9; place++) all.push(place * step);
  return all;
}

function logTicks(low, high) {
  const all = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    for (const factor of [1, 2, 5]) all.push(factor * 10 ** power);
  }
  const inside = all.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
  const whole = inside.filter((tick) => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9);
  if (inside.length <= 7) return inside.length > 1 ? inside : [low, high];
  return whole.length > 8 ? whole.filter((_, place) => place % Math.ceil(whole.length / 6) === 0) : whole;
}

function tickText(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return trimmed(value.toExponential(2));
  if (size >= 1e4) return `${trimmed((value / 1e3).toPrecision(4))}k`;
  return trimmed(value.toPrecision(4));
}

/** The smallest and the largest finite value, with some air; without the wildest ones if asked. */
function extent(values, { log = false, calm = false } = {}) {
  const finite = values.filter((value) => Number.isFinite(value) && (!log || value > 0));
  if (finite.length === 0) return log ? [0.1, 1] : [0, 1];
  let [low, high] = [Infinity, -Infinity];
  if (calm && finite.length > 20) {
    finite.sort((a, b) => a - b);
    const at = (part) => finite[Math.floor(part * (finite.length - 1))];
    [low, high] = [at(0.01), at(0.95)];
  } else {
    for (const value of finite) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  if (low === high)
    return log ? [low / 2, high * 2] : [low - (Math.abs(low) * 0.1 || 1), high + (Math.abs(high) * 0.1 || 1)];
  if (log) return [low / (high / low) ** 0.04, high * (high / low) ** 0.04];
  const air = (high - low) * 0.05;
  return [low - air, high + air];
}

/** A color between blue and yellow for a part between 0 (worst) and 1 (best); told apart by lightness too. */
const RAMP = [
  [68, 59, 132],
  [59, 91, 146],
  [43, 122, 145],
  [37, 153, 134],
  [92, 184, 96],
  [188, 208, 50],
];

function rampColor(part) {
  const at = Math.min(1, Math.max(0, part)) * (RAMP.length - 1);
  const low = Math.min(RAMP.length - 2, Math.floor(at));
  const mix = RAMP[low].map((value, place) => Math.round(value + (RAMP[low + 1][place] - value) * (at - low)));
  return `rgb(${mix.join(",")})`;
}
