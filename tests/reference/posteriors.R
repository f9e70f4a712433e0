# Writes posteriors.json: posteriors of the normal-normal model under priors on the data sets of
# metafor.json, against which tests/test_bayes.py compares the engine.
# Run from this folder:  Rscript posteriors.R
# Needs base R and jsonlite; the tests need no R. Every number is an integral by base R's
# integrate() over u = log(tau), panel by panel, and every quantile a root by uniroot(): nothing of
# the engine's change of variable, of its nodes or of its steps.
suppressPackageStartupMessages(library(jsonlite))

cases <- fromJSON("metafor.json")$cases
CUT <- 60
TOL <- 1e-12

priors <- list(
  "half-normal" = list(scale = 0.5, d = function(t) 2 * dnorm(t, 0, 0.5)),
  "half-cauchy" = list(scale = 0.5, d = function(t) 2 * dcauchy(t, 0, 0.5)),
  "half-t" = list(scale = 0.7, df = 4, d = function(t) 2 * dt(t / 0.7, 4) / 0.7),
  "log-normal" = list(scale = 1.2, location = -1, d = function(t) dlnorm(t, -1, 1.2)),
  "uniform" = list(scale = 3, d = function(t) dunif(t, 0, 3)))
effects <- list(flat = NULL, normal = list(mean = 0.2, sd = 0.8))

# Log of likelihood x prior as a density of u, and what is normal given tau.
conditional <- function(u, y, v, prior, effect) {
  tau <- exp(u)
  w <- 1 / outer(tau^2, v, "+")
  extra <- if (is.null(effect)) 0 else 1 / effect$sd^2
  centre <- if (is.null(effect)) 0 else effect$mean
  total <- rowSums(w) + extra
  mean <- (drop(w %*% y) + extra * centre) / total
  misfit <- rowSums(w * outer(mean, y, "-")^2) + extra * (mean - centre)^2
  power <- length(y) - is.null(effect)
  log <- -power / 2 * log(2 * pi) + rowSums(log(w)) / 2 - log(total) / 2 - misfit / 2 +
    (if (is.null(effect)) 0 else -log(effect$sd)) + log(prior$d(tau)) + u
  list(tau = tau, log = log, mean = mean, sd = 1 / sqrt(total))
}

solve_case <- function(y, v, prior, effect) {
  at <- function(u) conditional(u, y, v, prior, effect)
  end <- if (prior$family == "uniform") log(prior$scale) else 60
  grid <- seq(-90, end, length.out = 30001)
  peak <- max(at(grid)$log)
  inside <- grid[at(grid)$log > peak - CUT]
  edges <- seq(min(inside) - 0.01, min(max(inside) + 0.01, end), length.out = 81)
  panels <- function(f, upto = NULL) {
    e <- if (is.null(upto)) edges else c(edges[edges < upto], upto)
    sum(vapply(seq_len(length(e) - 1), function(i)
      integrate(f, e[i], e[i + 1], rel.tol = TOL, abs.tol = 0, stop.on.error = FALSE)$value, 0))
  }
  density <- function(u) exp(at(u)$log - peak)
  total <- panels(density)
  expect <- function(g) panels(function(u) { a <- at(u); exp(a$log - peak) * g(a) }) / total
  root <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-13 * max(1, high - low),
                                         maxiter = 1000)$root
  tau <- exp(vapply(c(0.5, 0.025, 0.975), function(p)
    root(function(u) panels(density, u) / total - p, edges[1] + 1e-6, edges[81] - 1e-6), 0))
  mixture <- function(spread) vapply(c(0.5, 0.025, 0.975), function(p)
    root(function(x) expect(function(a) pnorm((x - a$mean) / spread(a))) - p,
         min(y) - 60 * sqrt(max(v)) - 60, max(y) + 60 * sqrt(max(v)) + 60), 0)
  mu <- mixture(function(a) a$sd)
  new <- mixture(function(a) sqrt(a$sd^2 + a$tau^2))
  list(tau = tau[1], tau_low = tau[2], tau_high = tau[3], estimate = mu[1], ci_low = mu[2],
       ci_high = mu[3], pi_estimate = new[1], pi_low = new[2], pi_high = new[3],
       mean = expect(function(a) a$mean),
       tau_mean = if (prior$family == "half-cauchy" && length(y) == 1) NULL else
         expect(function(a) a$tau),
       beyond = expect(function(a) pnorm((a$mean - 0.3) / a$sd)),
       beyond_new = expect(function(a) pnorm((a$mean - 0.3) / sqrt(a$sd^2 + a$tau^2))),
       shrunk_mean = vapply(seq_along(y), function(i) expect(function(a)
         y[i] + (a$mean - y[i]) * v[i] / (v[i] + a$tau^2)), 0),
       log_marginal = log(total) + peak)
}

out <- list()
for (name in c("two", "two_equal", "homogeneous", "identical", "unequal", "hart1999", "bcg_rr",
               "normand1999_smd", "gibson2002_smd", "li2007_or"))
  for (family in names(priors)) for (effect in names(effects)) {
    prior <- c(list(family = family), priors[[family]])
    found <- solve_case(cases[[name]]$yi, cases[[name]]$vi, prior, effects[[effect]])
    out[[name]][[family]][[effect]] <- found
  }

# Values that bayesmeta gave, as others print them. Those of mu come off a grid of tau that is
# coarser (its delta 0.01, epsilon 0.0001), those of tau do not.
# 8 schools (Rubin 1981): vignette "bayesmeta", github.com/cran/bayesmeta, inst/doc/bayesmeta.html;
# half-Cauchy prior of tau, scale 25, normal prior of the effect, mean 0, SD 50.
# Crins et al. 2014, acute rejection (log odds ratios of six trials): github.com/tpapak/meta-springs,
# test/rover2020/bayesmeta_results.json (central intervals); normal prior of the effect, mean 0, SD 4;
# counts of the vignette and of test/rover2020 there.
crins_of <- function(family, scale, ...) list(family = family, scale = scale, answers = list(...))
printed <- list(
  schools = list(
    yi = c(28.39, 7.94, -2.75, 6.82, -0.64, 0.63, 18.01, 12.16),
    vi = c(14.9, 10.2, 16.3, 11.0, 9.4, 11.4, 10.4, 17.6)^2,
    effect = list(mean = 0, sd = 50),
    priors = list(list(family = "half-cauchy", scale = 25, answers = list(
      tau = 4.758539, tau_mean = 5.884511, estimate = 7.962961, mean = 7.985729,
      sd = 4.995762)))),
  crins = list(
    tables = list(e1 = c(14, 16, 3, 9, 4, 0), n1 = c(61, 28, 18, 54, 36, 50),
                  e2 = c(15, 19, 8, 29, 11, 3), n2 = c(20, 28, 12, 54, 36, 34)),
    effect = list(mean = 0, sd = 4),
    priors = list(
      crins_of("uniform", NULL, tau = 0.6201, tau_mean = 0.7526, tau_low = 0.0374,
               tau_high = 2.3087, estimate = -1.5865, mean = -1.5928, sd = 0.4813,
               ci_low = -2.5704, ci_high = -0.6571),
      crins_of("half-normal", 0.5, tau = 0.3445, tau_mean = 0.3811, tau_low = 0.0177,
               tau_high = 0.973, estimate = -1.5735, mean = -1.5764, sd = 0.3295,
               ci_low = -2.2383, ci_high = -0.9332),
      crins_of("half-normal", 1, tau = 0.4903, tau_mean = 0.5488, tau_low = 0.0277,
               tau_high = 1.4458, estimate = -1.5814, mean = -1.5869, sd = 0.3878,
               ci_low = -2.3803, ci_high = -0.8292),
      crins_of("half-cauchy", 0.5, tau = 0.3503, tau_mean = 0.4251, tau_low = 0.017,
               tau_high = 1.2864, estimate = -1.5746, mean = -1.5787, sd = 0.3519,
               ci_low = -2.287, ci_high = -0.8987))))

writeLines(toJSON(list(
  made_with = list(R = R.version.string),
  priors = lapply(priors, function(p) p[names(p) != "d"]), effects = effects["normal"],
  beyond = 0.3, posteriors = out, printed = printed),
  digits = 17, auto_unbox = TRUE, null = "null", na = "null", pretty = TRUE), "posteriors.json")
