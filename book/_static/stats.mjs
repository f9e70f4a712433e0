/* Distributions and pooled effects; definitions and names as in the Python package's `synthesis`. */
const { abs, exp, log, sqrt } = Math;
const sum = (values) => values.reduce((total, x) => total + x, 0);
const ROUNDING = 32 * Number.EPSILON, TINY = 1e-300;

/* Stirling's series from 15 on, where it has all digits. */
function lnGamma(x) {
  let product = 1;
  for (; x < 15; x += 1) { product *= x; }
  const z = 1 / (x * x);
  return (x - 0.5) * log(x) - x + log(2 * Math.PI) / 2 - log(product) +
    (1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z / 1188)))) / x;
}

/* The continued fraction b(0) + a(1)/(b(1) + a(2)/(b(2) + …)) by Lentz's algorithm. */
function fraction(a, b) {
  let value = b(0) || TINY, c = value, d = 0;
  for (let i = 1; i < 20000; i += 1) {
    d = 1 / (b(i) + a(i) * d || TINY);
    c = b(i) + a(i) / c || TINY;
    value *= c * d;
    if (abs(c * d - 1) < 1e-16) { break; }
  }
  return value;
}

/* Incomplete gamma function: [lower, upper]. */
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

/* Incomplete beta function at x = 1 − y. */
function beta(a, b, x, y) {
  if (x > (a + 1) / (a + b + 2)) { return 1 - beta(b, a, y, x); }
  const front = exp(lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * log(x) + b * log(y)) / a;
  return x ? front / fraction((i) => {
    const m = i >> 1;
    if (i === 1) { return -(a + b) / (a + 1) * x; }
    return (i % 2 ? -(a + m) * (a + b + m) : m * (b - m)) * x / ((a + i - 1) * (a + i));
  }, () => 1) : 0;
}

/* The place above 0 where a function falls below 0, to the last digit. */
function turn(f) {
  let low = 0, high = 1;
  while (f(high) > 0) { low = high; high *= 2; }
  return between(f, low, high);
}

function between(f, low, high) {
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) { return middle; }
    if (f(middle) > 0) { low = middle; } else { high = middle; }
  }
}

const tail = (x, df) => (df ? beta(df / 2, 0.5, df / (df + x * x), x * x / (df + x * x)) :
  gamma(0.5, x * x / 2)[1]) / 2;

/* Of t on `df`, or of the normal distribution without it. */
export const cdf = (x, df) => x < 0 ? tail(x, df) : 1 - tail(x, df);
export function quantile(p, df) {
  const less = Math.min(p, 1 - p), x = turn((t) => tail(t, df) - less);
  return p < 0.5 ? -x : x;
}

/* Of χ²: [lower, upper] tail, and the quantile. */
export const chi2 = (x, df) => gamma(df / 2, x / 2);
export const chi2Quantile = (p, df) => turn(
  (x) => p < 0.5 ? p - chi2(x, df)[0] : chi2(x, df)[1] - (1 - p));

/* Weighted least squares with weights 1/(v + τ²). The most precise study, `one`, has the effect 0 and
   is added by algebra, so that a giant study costs no digits. */
function fit(y, v, tau2, one) {
  const weights = v.map((x) => 1 / (x + tau2));
  const rest = sum(weights.map((w, i) => i === one ? 0 : w)), total = rest + weights[one];
  const mean = sum(weights.map((w, i) => w * y[i])) / total;
  const pull = weights.map((w, i) => w * (y[i] - mean));
  return {
    weights, total, mean, q: sum(pull.map((z, i) => z * (y[i] - mean))), a: sum(pull.map((z) => z * z)),
    trace: sum(weights.map((w, i) => w * (i === one ? rest : total - w))) / total };
}

/* The τ² at which Q is `goal`: 1/Q is concave, so Newton's steps from 0 never pass it. */
function solveQ(at, goal) {
  let tau2 = 0;
  for (let i = 0; i < 200; i += 1) {
    const { q, a } = at(tau2), excess = q / goal - 1;
    if (excess <= 1e-15) { break; }
    tau2 += excess * q / a;
  }
  return tau2;
}

/* The highest of all maxima of the restricted likelihood: its slope (a − tr P)/2 changes sign on a grid
   that is even in ln(v + τ²) up to a bound of every maximum. */
function reml(y, v, at) {
  const m = y.length - 1, mean = sum(y) / y.length, s = sum(y.map((x) => (x - mean) ** 2));
  const low = Math.min(...v);
  const top = (s + sqrt(s * s + 4 * m * s * Math.max(...v))) / (2 * m) * (1 + 1e-9);
  if (!(top > 1e-30 * low)) { return 0; }
  const slope = (t) => { const f = at(t); return f.a - f.trace; };
  const span = Math.log1p(top / low), size = Math.min(4000, Math.max(50, Math.ceil(span / 0.05)));
  const found = slope(0) <= 0 ? [0] : [];
  for (let i = 1, before = 0, rising = !found.length; i <= size; i += 1) {
    const t = low * Math.expm1(span * i / size), up = slope(t) > 0;
    if (rising && !up) { found.push(between(slope, before, t)); }
    before = t;
    rising = up;
  }
  const height = (t) => { const f = at(t); return -f.q - log(f.total) - sum(v.map((x) => log(x + t))); };
  return found.reduce((best, t) => height(t) > height(best) ? t : best, found[0] || 0);
}

/* Estimate with its interval; `df` of the t distribution, 0 for the normal one. */
function interval(estimate, se, df, level = 0.95) {
  const half = se * quantile(0.5 + level / 2, df);
  return { estimate, se, ci_low: estimate - half, ci_high: estimate + half };
}

function spread(q, df) {
  return { q, q_df: df, q_p: chi2(q, df)[1], i2: q > 0 ? Math.max(0, 100 * (q - df) / q) : 0 };
}

/* `model` is common, DL, PM or REML; `ci` is z, hksj or hksj-guard. */
export function pool(y, v, model, ci, level = 0.95) {
  const k = y.length, df = k - 1, one = v.indexOf(Math.min(...v)), shift = y[one];
  if (k === 1) { return { k, ...interval(y[0], sqrt(v[0]), 0, level), tau2: null, weights: [1] }; }
  const off = y.map((x) => x - shift), at = (t) => fit(off, v, t, one), zero = at(0);
  const tau2 = model === "REML" ? reml(off, v, at) : model === "PM" ? solveQ(at, df) :
    model === "DL" ? Math.max(0, (zero.q - df) / zero.trace) : 0;
  const now = at(tau2), scale = now.q > now.total * (ROUNDING * shift) ** 2 ? now.q / df : 0;
  const se = sqrt({ hksj: scale, "hksj-guard": Math.max(1, scale) }[ci] ?? 1) / sqrt(now.total);
  const out = { k, ...interval(shift + now.mean, se, ci === "z" ? 0 : df, level), ...spread(zero.q, df),
    tau2: null, weights: now.weights.map((w) => w / now.total) };
  if (model === "common") { return out; }
  const ratio = tau2 * zero.trace / df, ends = [(1 + level) / 2, (1 - level) / 2].map(
    (p) => solveQ(at, chi2Quantile(p, df)));
  Object.assign(out, { tau2, tau2_low: ends[0], tau2_high: ends[1], i2: 100 * ratio / (1 + ratio) });
  return expected(out, df, level);
}

/* With the prediction interval, from three studies on. */
function expected(out, df, level = 0.95) {
  if (df < 2) { return out; }
  const half = quantile(0.5 + level / 2, df) * Math.hypot(sqrt(out.tau2), out.se);
  return { ...out, pi_low: out.estimate - half, pi_high: out.estimate + half };
}

/* Tables are [events, total, events, total]; null where the ratio is not defined. */
export function mantelHaenszel(tables, measure, level = 0.95) {
  const rr = measure === "RR", cells = tables.map(([a, n1, c, n2]) => [a, n1 - a, c, n2 - c]);
  const used = cells.map(([a, b, c, d]) => a + c > 0 && (rr || b + d > 0));
  const per = (f) => cells.map((x, i) => used[i] ? f(...x, sum(x)) : 0);
  const over = per((a, b, c, d, n) => a * (rr ? c + d : d) / n);
  const under = per((a, b, c, d, n) => (rr ? c * (a + b) : b * c) / n), r = sum(over), s = sum(under);
  const k = used.filter(Boolean).length, se = sqrt(rr ?
    sum(per((a, b, c, d, n) => ((a + b) * (c + d) * (a + c) - a * c * n) / n ** 2)) / (r * s) :
    sum(per((a, b, c, d, n) => { // Robins, Breslow and Greenland
      const p = (a + d) / n, q = (b + c) / n, x = a * d / n, y = b * c / n;
      return p * x / (2 * r * r) + (p * y + q * x) / (2 * r * s) + q * y / (2 * s * s);
    })));
  if (!(se > 0 && se < Infinity)) { return null; }
  const estimate = log(r / s), out = { k, ...interval(estimate, se, 0, level), tau2: null,
    weights: under.map((x) => x / s) };
  const own = per((...x) => {
    const [a, b, c, d] = x.slice(0, 4).map((cell) => cell + (x.includes(0) ? 0.5 : 0));
    if (b === d && b === 0.5) { return null; } // events in all: only the correction has a variance
    return rr ? (log(a * (c + d) / (c * (a + b))) - estimate) ** 2 / (b / (a * (a + b)) + d / (c * (c + d))) :
      (log(a * d / (b * c)) - estimate) ** 2 / (1 / a + 1 / b + 1 / c + 1 / d);
  }).filter((q, i) => used[i] && q !== null);
  return own.length > 1 ? { ...out, ...spread(sum(own), own.length - 1) } : out;
}

/* Study by study the integral over u of f(u) = P(e | μ + σu) φ(u), by the trapezoid rule around its mode;
   gradient and second derivatives in (μ, σ) as means over the posterior (Louis). */
function marginal(events, totals, mu, sigma) {
  const out = { height: 0, g: [0, 0], h: [0, 0, 0] }, share = (u) => 1 / (1 + exp(-mu - sigma * u));
  events.forEach((e, i) => {
    const n = totals[i];
    const mode = between((u) => sigma * (e - n * share(u)) - u, -sigma * (n - e) - 1e-9, sigma * e + 1e-9);
    const p = share(mode), width = 1 / sqrt(1 + sigma ** 2 * n * p * (1 - p)), peak = [];
    for (let j = -60; j <= 60; j += 1) {
      const u = mode + j * width / 5, eta = mu + sigma * u;
      peak.push([u, e * eta - n * (eta > 0 ? eta + Math.log1p(exp(-eta)) : Math.log1p(exp(eta))) - u * u / 2]);
    }
    const top = peak[60][1], mass = peak.map((x) => exp(x[1] - top)), all = sum(mass);
    const mean = (f) => sum(peak.map((x, j) => mass[j] * f(x[0], share(x[0])))) / all;
    const first = mean((u, q) => e - n * q), second = mean((u, q) => (e - n * q) * u);
    const curve = (power) => mean((u, q) => ((e - n * q) ** 2 - n * q * (1 - q)) * u ** power);
    out.height += top + log(all * width);
    out.g = [out.g[0] + first, out.g[1] + second];
    out.h = [curve(0) - first * first, curve(1) - first * second, curve(2) - second * second].map(
      (x, j) => out.h[j] + x);
  });
  return out;
}

const logit = (e, n) => log(e / (n - e));

/* The random-intercept logistic model by maximum likelihood, with t; null without a maximum. */
export function logistic(events, totals) {
  const k = events.length, all = sum(totals), e = sum(events), p = e / all;
  if (k < 2 || !(e > 0 && e < all)) { return null; }
  const at = (sigma) => {
    let mu = logit(e, all), now, step = 1;
    for (let i = 0; i < 100 && abs(step) > 1e-13 * (1 + abs(mu)); i += 1) {
      now = marginal(events, totals, mu, sigma);
      step = Math.max(-2, Math.min(2, -now.g[0] / now.h[0]));
      mu += step;
    }
    return { ...now, mu, sigma };
  };
  const slope = (sigma) => at(sigma).g[1];
  const grid = [1e-6, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2.2, 3.2, 4.7, 7, 10, 15];
  // at σ = 0 the slope in σ is 0; that in σ² decides
  const rising = sum(events.map((x, i) => (x - totals[i] * p) ** 2 - totals[i] * p * (1 - p))) > 0;
  const up = grid.map((sigma, i) => i ? slope(sigma) > 0 : rising), found = rising ? [] : [at(0)];
  if (up.at(-1)) { return null; }
  grid.slice(1).forEach((sigma, i) => {
    if (up[i] && !up[i + 1]) { found.push(at(between(slope, grid[i], sigma))); }
  });
  const best = found.reduce((a, b) => b.height > a.height ? b : a), [a, b, c] = best.h;
  const se = sqrt(-(best.sigma > 0 ? c / (a * c - b * b) : 1 / a));
  if (!(se > 0)) { return null; }
  const part = (x, y) => x ? x * log(x / y) : 0;
  const q = 2 * sum(events.map((x, i) => part(x, totals[i] * p) + part(totals[i] - x, totals[i] * (1 - p))));
  return expected({ k, ...interval(best.mu, se, k - 1), ...spread(q, k - 1), i2: null,
    tau2: best.sigma ** 2, weights: totals.map((n) => n / all) }, k - 1);
}

/* One log odds of all patients together. */
export function oneShare(events, totals) {
  const e = sum(events), n = sum(totals);
  return e > 0 && e < n ? { k: events.length, ...interval(logit(e, n), sqrt(1 / e + 1 / (n - e)), 0),
    tau2: null, weights: totals.map((x) => x / n) } : null;
}
