/* Distributions and pooled effects, as in `livingreview/synthesis`. */
const { abs, exp, log, max, min, sqrt } = Math;
export const sum = (values) => values.reduce((total, x) => total + x, 0);
const TINY = 1e-300, ROUNDING = 32 * Number.EPSILON;

/* Stirling's series. */
function lnGamma(x) {
  let product = 1;
  for (; x < 15; x += 1) { product *= x; }
  const z = 1 / (x * x);
  return (x - 0.5) * log(x) - x + log(2 * Math.PI) / 2 - log(product) +
    (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z / 1680))) / x;
}

/* b(0) + a(1)/(b(1) + a(2)/(b(2) + …)), by Lentz. */
function fraction(a, b) {
  let value = b(0) || TINY, c = value, d = 0;
  for (let i = 1; i < 20000 && abs(c * d - 1) > 1e-16; i += 1) {
    d = 1 / (b(i) + a(i) * d || TINY);
    c = b(i) + a(i) / c || TINY;
    value *= c * d;
  }
  return value;
}

/* Incomplete gamma, [lower, upper]. */
function gamma(a, x) {
  if (x <= 0) { return [0, 1]; }
  const front = exp(a * log(x) - x - lnGamma(a));
  if (x > a + 1) {
    const upper = front / fraction((i) => i * (a - i), (i) => x - a + 1 + 2 * i);
    return [1 - upper, upper];
  }
  let term = 1 / a, lower = term;
  for (let i = 1; term > lower * 1e-17; i += 1) { lower += term *= x / (a + i); }
  return [front * lower, 1 - front * lower];
}

/* Incomplete beta at x = 1 − y. */
function beta(a, b, x, y) {
  if (x > (a + 1) / (a + b + 2)) { return 1 - beta(b, a, y, x); }
  const front = exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * log(x) + b * log(y)) / a;
  return x && front / fraction((i) => {
    const m = i >> 1, part = i % 2 ? -(a + m) * (a + b + m) : m * (b - m);
    return i === 1 ? -(a + b) / (a + 1) * x : part * x / ((a + i - 1) * (a + i));
  }, () => 1);
}

/* Where a function falls below 0. */
function between(f, low, high) {
  const middle = (low + high) / 2;
  if (middle <= low || middle >= high) { return middle; }
  return f(middle) > 0 ? between(f, middle, high) : between(f, low, middle);
}
const turn = (f, high = 1) => f(high) > 0 ? turn(f, 2 * high) : between(f, 0, high);

const tail = (x, df) => (df ? beta(df / 2, 0.5, df / (df + x * x), x * x / (df + x * x)) :
  gamma(0.5, x * x / 2)[1]) / 2;

/* Of t on `df`, or of the normal distribution without it. */
export const cdf = (x, df) => x < 0 ? tail(x, df) : 1 - tail(x, df);
export function quantile(p, df) {
  const x = turn((t) => tail(t, df) - min(p, 1 - p));
  return p < 0.5 ? -x : x;
}

/* Of χ²: [lower, upper], and quantile. */
export const chi2 = (x, df) => gamma(df / 2, x / 2);
export const chi2Quantile = (p, df) => turn(
  (x) => p < 0.5 ? p - chi2(x, df)[0] : chi2(x, df)[1] - 1 + p);

/* Least squares. The most precise study, `one`, has effect 0 and is added by algebra: a giant one
   costs no digits. `slope` and `height` are of the restricted likelihood. */
function fit(y, v, tau2, one) {
  const weights = v.map((x) => 1 / (x + tau2)), rest = sum(weights.map((w, i) => i === one ? 0 : w));
  const total = rest + weights[one], mean = sum(weights.map((w, i) => w * y[i])) / total;
  const pull = weights.map((w, i) => w * (y[i] - mean)), a = sum(pull.map((z) => z * z));
  const trace = sum(weights.map((w, i) => w * (i === one ? rest : total - w))) / total;
  const q = sum(pull.map((z, i) => z * (y[i] - mean)));
  return { weights, total, mean, q, a, trace, slope: a - trace,
    height: -q - log(total) - sum(v.map((x) => log(x + tau2))) };
}

/* The τ² at which Q is `goal`; 1/Q is concave: Newton's steps from 0 never pass it. */
function solveQ(at, goal) {
  let tau2 = 0;
  for (let i = 0, excess = 1; i < 200 && excess > 1e-15; i += 1) {
    const { q, a } = at(tau2);
    excess = q / goal - 1;
    tau2 += max(0, excess) * q / (a || 1);
  }
  return tau2;
}

/* The highest maximum: the slope turns on a grid even in ln(v + τ²) up to a bound of all. */
function reml(y, v, at) {
  const m = y.length - 1, mean = sum(y) / (m + 1), s = sum(y.map((x) => (x - mean) ** 2)), low = min(...v);
  const top = (s + sqrt(s * s + 4 * m * s * max(...v))) / (2 * m) * (1 + 1e-9);
  const span = log(1 + top / low), size = min(4000, max(50, Math.ceil(span / 0.05)));
  let best = at(0), tau2 = 0, before = 0, rising = best.slope > 0;
  if (top < 1e-30 * low) { return 0; }
  if (rising) { best = { height: -Infinity }; }
  for (let i = 1; i <= size; i += 1) {
    const t = low * Math.expm1(span * i / size), up = at(t).slope > 0;
    if (rising && !up) {
      const root = between((x) => at(x).slope, before, t), found = at(root);
      if (found.height > best.height) { best = found; tau2 = root; }
    }
    [before, rising] = [t, up];
  }
  return tau2;
}

function interval(out, df) {
  const half = out.se * quantile(0.975, df);
  return { ...out, ci_low: out.estimate - half, ci_high: out.estimate + half };
}

/* `model`: common, DL, PM, REML; `ci`: z, hksj, hksj-guard. */
export function pool(y, v, model, ci) {
  const k = y.length, df = k - 1, one = v.indexOf(min(...v)), shift = y[one], off = y.map((x) => x - shift);
  if (!df) { return interval({ k, estimate: y[0], se: sqrt(v[0]), weights: [1] }, 0); }
  const at = (t) => fit(off, v, t, one), zero = at(0), tau2 = { PM: () => solveQ(at, df),
    DL: () => max(0, (zero.q - df) / zero.trace), REML: () => reml(off, v, at), common: () => 0 }[model]();
  const { q, total, mean, weights } = at(tau2), scale = q > total * (ROUNDING * shift) ** 2 ? q / df : 0;
  const se = sqrt(({ hksj: scale, "hksj-guard": max(1, scale) }[ci] ?? 1) / total);
  const out = interval({ k, estimate: shift + mean, se, weights: weights.map((w) => w / total),
    q: zero.q, q_df: df, q_p: chi2(zero.q, df)[1], i2: zero.q && max(0, 100 - 100 * df / zero.q) },
  ci === "z" ? 0 : df);
  if (model === "common") { return out; }
  const ratio = tau2 * zero.trace / df, half = quantile(0.975, df) * Math.hypot(sqrt(tau2), se);
  const [tau2_high, tau2_low] = [0.025, 0.975].map((p) => solveQ(at, chi2Quantile(p, df)));
  return { ...out, i2: 100 * ratio / (1 + ratio), tau2, tau2_low, tau2_high,
    ...df > 1 && { pi_low: out.estimate - half, pi_high: out.estimate + half } };
}

/* The risk ratio of tables [events, total, events, total], or null. */
export function mantelHaenszel(tables) {
  const used = tables.map(([a, , c]) => a + c > 0);
  const per = (f) => tables.map(([a, n1, c, n2], i) => used[i] ? f(a, n1, c, n2, n1 + n2) : 0);
  const over = sum(per((a, n1, c, n2, n) => a * n2 / n)), under = per((a, n1, c, n2, n) => c * n1 / n);
  const r = sum(under), estimate = log(over / r), se = sqrt(sum(per(
    (a, n1, c, n2, n) => (n1 * n2 * (a + c) - a * c * n) / n ** 2)) / (over * r));
  if (!(se > 0 && se < Infinity)) { return null; }
  return interval({ k: sum(used.map(Number)), estimate, se, weights: under.map((x) => x / r) }, 0);
}
