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
    ticks: () => (log ? logTicks(low, high) : ticks(low, high, Math.abs(to - from) / 36)),
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
  if (inside.length < 3) return ticks(low, high, 5);
  if (inside.length <= 7) return inside;
  return whole.length > 8 ? whole.filter((_, place) => place % Math.ceil(whole.length / 6) === 0) : whole;
}

function tickText(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-3) return trimmed(value.toExponential(2));
  if (size >= 1e4) return `${trimmed((value / 1e3).toPrecision(4))}k`;
  return trimmed(value.toPrecision(4));
}

/** The smallest and the largest finite value of some lists, with some air; without the wildest ones if asked. */
function extent(lists, { log = false, calm = false } = {}) {
  const isUsable = (value) => Number.isFinite(value) && (!log || value > 0);
  let [low, high] = calm ? middle(lists, isUsable) : [Infinity, -Infinity];
  if (!(low <= high)) {
    for (const list of lists) {
      for (const value of list) {
        if (!isUsable(value)) continue;
        if (value < low) low = value;
        if (value > high) high = value;
      }
    }
  }
  if (!(low <= high)) return log ? [0.1, 1] : [0, 1];
  if (low === high) {
    const air = Math.abs(low) * 0.1 || 1;
    return log ? [low / 2, low * 2] : [low - air, low + air];
  }
  if (log) return [low / (high / low) ** 0.04, high * (high / low) ** 0.04];
  const air = (high - low) * 0.05;
  return [low - air, high + air];
}

/** What 94 of 100 values lie between. */
function middle(lists, isUsable) {
  const values = lists.flatMap((list) => Array.from(list).filter(isUsable)).sort((a, b) => a - b);
  if (values.length < 20) return [Infinity, -Infinity];
  const at = (part) => values[Math.floor(part * (values.length - 1))];
  return [at(0.01), at(0.95)];
}

/** Colors from the worst to the best, told apart by lightness too: away from the paper in either theme. */
const RAMPS = {
  light: ["#443b84", "#3b5b92", "#2b7a91", "#259986", "#5cb860", "#bcd032"],
  dark: ["#6b5fc0", "#4f7fc4", "#3a9fb5", "#3fbf9d", "#86d673", "#eef06a"],
};

const darkness = window.matchMedia("(prefers-color-scheme: dark)");

function rampColor(part) {
  const ramp = RAMPS[darkness.matches ? "dark" : "light"];
  const at = Math.min(1, Math.max(0, part)) * (ramp.length - 1);
  const low = Math.min(ramp.length - 2, Math.floor(at));
  const channel = (color, place) => parseInt(color.slice(1 + 2 * place, 3 + 2 * place), 16);
  const mix = [0, 1, 2].map((place) => {
    const [from, to] = [channel(ramp[low], place), channel(ramp[low + 1], place)];
    return Math.round(from + (to - from) * (at - low));
  });
  return `rgb(${mix.join(",")})`;
}
