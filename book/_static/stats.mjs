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

/* Where a costly function falls below 0, by the Illinois rule. */
function crossing(f, low, high) {
  let [a, b, x] = [f(low), f(high), low];
  for (let i = 0, side = 0; i < 60 && high - low > 1e-13 * high; i += 1) {
    const before = x, now = f(x = (low * b - high * a) / (b - a));
    if (abs(x - before) <= 1e-14 * x) { break; }
    if (now > 0) {
      [low, a, b, side] = [x, now, side > 0 ? b / 2 : b, 1];
    } else {
      [high, b, a, side] = [x, now, side < 0 ? a / 2 : a, -1];
    }
  }
  return x;
}

/* The posterior of two studies or more, flat in the effect and half-normal in τ: sums of five points
   by Gauss on pieces that are even near 0 and in ln τ beyond. */
const GAUSS = [[0, 128], ...[-1, 1].flatMap((side) => [-1, 1].map((far) => [
  side * sqrt(5 + 2 * far * sqrt(10 / 7)) / 3, (322 - 13 * far * sqrt(70)) / 4]))];
export function posterior(y, v, scale) {
  const one = v.indexOf(min(...v)), shift = y[one], off = y.map((x) => x - shift);
  const unit = min(sqrt(v[one]), scale) / 10, far = 10 * scale + sqrt(scale * Math.hypot(...off));
  const end = Math.asinh(far / unit), size = Math.ceil(end / 0.15);
  const piece = (from, to) => GAUSS.map(([x, w]) => {
    const u = (from + to + x * (to - from)) / 2, t = unit * Math.sinh(u), at = fit(off, v, t * t, one);
    return { ...at, t, w: w * (to - from) * Math.cosh(u), h: (at.height - (t / scale) ** 2) / 2 };
  });
  const edge = (i) => end * i / size, pieces = Array.from({ length: size }, (_, i) => piece(edge(i), edge(i + 1)));
  const grid = pieces.flat(), top = max(...grid.map((at) => at.h));
  const mass = (part) => sum(part.map((at) => at.p = at.w * exp(at.h - top)));
  const masses = pieces.map(mass), whole = sum(masses), all = grid.filter((at) => at.p > 1e-18 * whole);
  const mean = (f) => sum(all.map((at) => at.p * f(at))) / whole, middle = mean((at) => at.mean);
  const ends = (f) => [0.5, 0.025, 0.975].map(f);
  const of = (variance) => {
    const span = 7 * sqrt(mean((at) => variance(at) + (at.mean - middle) ** 2));
    return ends((p) => shift + middle - span + crossing((x) => p - mean(
      (at) => cdf((middle - span + x - at.mean) / sqrt(variance(at)))), 0, 2 * span));
  };
  const [estimate, ci_low, ci_high] = of((at) => 1 / at.total), [, pi_low, pi_high] = of((at) => 1 / at.total + at.t ** 2);
  const [tau2, tau2_low, tau2_high] = ends((p) => {
    let i = 0, rest = p * whole;
    for (; rest > masses[i]; i += 1) { rest -= masses[i]; }
    return (unit * Math.sinh(crossing((u) => rest - mass(piece(edge(i), u)), edge(i), edge(i + 1)))) ** 2;
  });
  const { k, q, q_df, q_p } = pool(y, v, "common", "z"), se = sqrt(mean((at) => 1 / at.total + (at.mean - middle) ** 2));
  return { k, estimate, se, ci_low, ci_high, pi_low, pi_high, tau2, tau2_low, tau2_high, q, q_df, q_p,
    weights: v.map((x, i) => mean((at) => at.weights[i] / at.total)) };
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

/* --- shares of patients, from [events, patients], on the scale of log odds ------------------- */

const expit = (x) => 1 / (1 + exp(-x)), logit = (p) => log(p / (1 - p));
export const share = (x) => 100 * expit(x);
const ofAll = (counts) => [0, 1].map((j) => sum(counts.map((one) => one[j])));
const weigh = (counts, n) => counts.map((one) => one[1] / n);

/* One study with its exact interval, of whole numbers. */
function exact([events, n]) {
  const [e, all] = [events, n].map(Math.round);
  const end = (a, b, p) => between((x) => p - beta(a, b, x, 1 - x), 0, 1);
  return { k: 1, estimate: logit(events / n), weights: [1], ci_low: logit(e ? end(e, all - e + 1, 0.025) : 0),
    ci_high: logit(e < all ? end(e + 1, all - e, 0.975) : 1) };
}

/* One share of all, or null. `y` and `v` are those of single studies, for Q. */
export function common(counts, y, v) {
  const [e, n] = ofAll(counts);
  if (counts.length === 1) { return exact(counts[0]); }
  if (!(e > 0 && e < n)) { return null; }
  const { k, q, q_df, q_p, i2 } = pool(y, v, "common", "z");
  return { ...interval({ estimate: logit(e / n), se: sqrt(1 / e + 1 / (n - e)) }, 0), k, q, q_df, q_p, i2,
    weights: weigh(counts, n) };
}

/* Height, slope and curvature of the likelihood at a mean and a spread. Each study's integral is a
   sum of even steps around its mode, in units of its width. */
function marginal(counts, mu, sigma) {
  const out = { height: 0, g: [0, 0], h: [0, 0, 0] };
  counts.forEach(([e, n]) => {
    const slope = (u) => sigma * (e - n * expit(mu + sigma * u)) - u;
    const mode = between(slope, -sigma * (n - e) - 1e-9, sigma * e + 1e-9), p = expit(mu + sigma * mode);
    const width = 1 / sqrt(1 + sigma * sigma * n * p * (1 - p)), f = [];
    for (let t = -90; t <= 90; t += 1) {
      const u = mode + width * t / 10, eta = mu + sigma * u;
      f.push([u, expit(eta), e * eta - n * (max(0, eta) + Math.log1p(exp(-abs(eta)))) - u * u / 2]);
    }
    const top = max(...f.map((one) => one[2])), mass = f.map((one) => exp(one[2] - top)), total = sum(mass);
    const mean = (value) => sum(f.map(([u, x], i) => mass[i] * value(u, x))) / total;
    const first = mean((u, x) => e - n * x), second = mean((u, x) => (e - n * x) * u);
    out.height += top + log(total * width);
    out.g = [out.g[0] + first, out.g[1] + second];
    [[0, first, first], [1, first, second], [2, second, second]].forEach(([power, a, b]) => {
      out.h[power] += mean((u, x) => ((e - n * x) ** 2 - n * x * (1 - x)) * u ** power) - a * b;
    });
  });
  return out;
}

/* The random-intercept logistic model by maximum likelihood, or null. */
export function logistic(counts) {
  const [e, n] = ofAll(counts), k = counts.length, p = e / n, df = k - 1;
  if (k === 1) { return exact(counts[0]); }
  if (!(e > 0 && e < n)) { return null; }
  let last = logit(p);
  const mean = (sigma) => { // concave in the mean
    let mu = last;
    for (let i = 0; i < 20; i += 1) {
      const { g, h } = marginal(counts, mu, sigma), step = -g[0] / h[0];
      mu += min(2, max(-2, step));
      if (abs(step) <= 1e-12 * (1 + abs(mu))) { return last = mu; }
    }
    const slope = (x) => marginal(counts, x, sigma).g[0];
    return between(slope, logit(p) - 40, logit(p) + 40);
  };
  const rise = (sigma) => marginal(counts, mean(sigma), sigma).g[1];
  const rising = sum(counts.map(([x, m]) => (x - m * p) ** 2 - m * p * (1 - p))) > 0, peaks = rising ? [] : [0];
  const grid = [0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2.2, 3.2, 4.7, 7, 10, 15], slopes = grid.map(rise);
  if (slopes.at(-1) > 0) { return null; }
  if (rising && slopes[0] <= 0) { peaks.push(crossing(rise, 1e-6, grid[0])); }
  grid.slice(1).forEach((to, i) => {
    if (slopes[i] > 0 && slopes[i + 1] <= 0) { peaks.push(crossing(rise, grid[i], to)); }
  });
  const [{ mu, sigma, h }] = peaks.map((at) => ({ sigma: at, mu: mean(at), ...marginal(counts, mean(at), at) }))
    .sort((a, b) => b.height - a.height);
  const variance = sigma ? -h[2] / (h[0] * h[2] - h[1] ** 2) : -1 / h[0];
  if (!(variance > 0)) { return null; }
  const entropy = (x, m, q) => (x && x * log(x / m / q)) + (m - x && (m - x) * log((m - x) / m / (1 - q)));
  const q = max(0, 2 * sum(counts.map(([x, m]) => entropy(x, m, p)))), se = sqrt(variance);
  const half = quantile(0.975, df) * Math.hypot(se, sigma);
  return { ...interval({ k, estimate: mu, se, weights: weigh(counts, n), tau2: sigma * sigma, q, q_df: df,
    q_p: chi2(q, df)[1] }, df), ...k > 2 && { pi_low: mu - half, pi_high: mu + half } };
}
