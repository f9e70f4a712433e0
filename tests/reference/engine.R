# Writes engine.json: answers of metafor on residuals, likelihoods, joint tests, correlated effects,
# skipped studies and further measures, against which tests/test_engine.py and test_influence.py
# compare the engine. Run from this folder:  Rscript engine.R   Needs metafor (3.8-1 was used),
# metadat and jsonlite. The tests need no R.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})
quiet <- suppressWarnings
tight <- list(threshold = 1e-14, maxiter = 10000)
num <- function(x) as.numeric(x)
# The threshold is absolute: where rounding keeps the steps above it, the next larger serves.
converged <- function(call) {
  for (threshold in 10^-(14:8)) {
    r <- try(call(list(threshold = threshold, maxiter = 10000)), silent = TRUE)
    if (!inherits(r, "try-error")) return(r)
  }
  stop("does not converge")
}

# ---------------------------------------------------------------- residuals and likelihoods
bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
bcg$alloc <- factor(bcg$alloc)
smd <- escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i,
              data = dat.normand1999)
fit_case <- function(y, v, X) {
  y <- num(y); v <- num(v)
  out <- list(yi = y, vi = v, x = if (ncol(X) > 1) unname(X[, -1, drop = FALSE]) else NULL)
  for (m in c("REML", "ML", "DL", "PM", "EB", "HE", "SJ", "HS", "EE")) {
    # Paule-Mandel's tolerance is absolute, and its default leaves digits off: EB solves the same.
    r <- converged(function(control) quiet(rma(y, v, mods = X, intercept = FALSE,
      method = if (m == "PM") "EB" else m, control = control)))
    s <- rstandard(r)
    out$fits[[m]] <- list(
      log_likelihood = num(logLik(r)), aic = AIC(r), bic = BIC(r), aicc = AIC(r, correct = TRUE),
      tau2_se = if (m == "EE") NULL else r$se.tau2, fitted = num(fitted(r)), raw = num(s$resid),
      se = num(s$se), standardised = num(s$z))
  }
  out
}
fits <- list(bcg = fit_case(bcg$yi, bcg$vi, cbind(rep(1, 13))),
             bcg_ablat_year = fit_case(bcg$yi, bcg$vi, cbind(1, bcg$ablat, bcg$year)),
             normand1999 = fit_case(smd$yi, smd$vi, cbind(rep(1, 9))))

# ---------------------------------------------------------------- joint tests
joint <- list(yi = num(bcg$yi), vi = num(bcg$vi), alloc = as.character(bcg$alloc),
              ablat = bcg$ablat)
for (test in c("z", "knha")) {
  r <- rma(yi, vi, mods = ~ alloc + ablat, data = bcg, test = test, control = tight)
  a <- anova(r, btt = 2:3)
  joint[[test]] <- list(statistic = a$QM, p_value = a$QMp, names = rownames(r$beta))
}

# ---------------------------------------------------------------- correlated effects
# Arms that share a control: the covariance of two log ratios is the control's variance.
shared <- data.frame(
  trial = c(1, 1, 2, 3, 3, 3, 4, 5, 6, 6, 7, 8),
  yi = c(0.31, 0.12, -0.20, 0.55, 0.75, 0.25, 0.05, 0.42, -0.11, 0.28, 0.61, 0.18),
  vi = c(0.040, 0.052, 0.031, 0.070, 0.065, 0.090, 0.022, 0.110, 0.048, 0.060, 0.085, 0.035),
  dose = c(1, 2, 1, 1, 2, 4, 1, 2, 1, 4, 4, 2))
control <- c(0.018, 0.018, 0, 0.03, 0.03, 0.03, 0, 0, 0.02, 0.02, 0, 0)
V <- ifelse(outer(shared$trial, shared$trial, "=="), sqrt(outer(control, control)), 0)
diag(V) <- shared$vi
settled <- function(call) {
  for (tolerance in 10^-(14:8)) {
    r <- try(quiet(call(list(optimizer = "nlminb", rel.tol = tolerance))), silent = TRUE)
    if (!inherits(r, "try-error")) return(r)
  }
  quiet(call(list()))
}
mv <- function(V, mods, random, method) {
  r <- settled(function(control) rma.mv(shared$yi, V, mods = mods, random = random, data = shared,
                                        method = method, control = control))
  list(coefficients = num(r$beta), ses = num(r$se), sigma2 = num(r$sigma2), q = r$QE, q_p = r$QEp,
       log_likelihood = num(logLik(r)), ci_low = num(r$ci.lb), ci_high = num(r$ci.ub),
       p_values = num(r$pval), omnibus = num(r$QM))
}
shared$id <- seq_len(nrow(shared))
correlated <- list(yi = shared$yi, v = V, cluster = shared$trial, dose = shared$dose)
for (method in c("REML", "ML")) {
  correlated$mean[[method]] <- mv(V, ~ 1, ~ 1 | id, method)
  correlated$dose_effect[[method]] <- mv(V, ~ dose, ~ 1 | id, method)
  correlated$three_level[[method]] <- mv(V, ~ 1, ~ 1 | trial/id, method)
  correlated$independent[[method]] <- mv(shared$vi, ~ 1, ~ 1 | trial/id, method)
}
correlated$common <- with(list(r = rma.mv(shared$yi, V, mods = ~ dose, data = shared)), list(
  coefficients = num(r$beta), ses = num(r$se), q = r$QE, q_p = r$QEp))
konstantopoulos <- dat.konstantopoulos2011
r <- settled(function(control) rma.mv(yi, vi, random = ~ 1 | district/school, method = "ML",
                                      data = konstantopoulos, control = control))
schools <- list(yi = num(konstantopoulos$yi), vi = num(konstantopoulos$vi),
                cluster = konstantopoulos$district, sigma2 = num(r$sigma2), estimate = num(r$beta),
                se = r$se, log_likelihood = num(logLik(r)))

# ---------------------------------------------------------------- a study that fixes a coefficient
one <- list(yi = num(bcg$yi), vi = num(bcg$vi), x = as.numeric(seq_len(13) == 7), row = 6)
r <- rma(one$yi, one$vi, mods = one$x, control = tight)
i <- quiet(influence(r))
one <- c(one, list(
  rstudent = num(i$inf$rstudent), dffits = num(i$inf$dffits), cook = num(i$inf$cook.d),
  cov_ratio = num(i$inf$cov.r), tau2 = num(i$inf$tau2.del), qe = num(i$inf$QE.del),
  hat = num(i$inf$hat), weights = num(i$inf$weight),
  dfbetas = unname(as.matrix(as.data.frame(i$dfbs))), influential = as.logical(i$is.infl)))

# ---------------------------------------------------------------- measures
part <- function(e) list(yi = num(e$yi), vi = num(e$vi))
effect <- function(...) part(quiet(escalc(...)))
measures <- list()
events <- list(events = c(0, 3, 10, 1, 2.5, 0, 999999), n = c(10, 10, 10, 1, 7.25, 1e6, 1e6))
for (to in c("only0", "all", "none"))
  events[[paste("PLN", to)]] <- effect("PLN", xi = events$events, ni = events$n, to = to)
events$PAS <- effect("PAS", xi = events$events, ni = events$n)
measures$proportions <- events
two <- list(e1 = c(0, 3, 0, 5, 12.5), n1 = c(10, 10, 9, 5, 40), e2 = c(2, 4, 0, 7, 20),
            n2 = c(12, 12, 12, 7, 41))
for (left_out in c(TRUE, FALSE))
  two[[if (left_out) "drop" else "keep"]] <- with(two, effect(
    "AS", ai = e1, n1i = n1, ci = e2, n2i = n2, drop00 = left_out))
measures$tables <- two
rates <- list(e1 = c(0, 3, 0, 12.5), t1 = c(10, 10, 9, 1e4), e2 = c(2, 4, 0, 20),
              t2 = c(12, 12, 12, 2.5))
for (left_out in c(TRUE, FALSE))
  rates[[if (left_out) "drop" else "keep"]] <- with(rates, effect(
    "IRSD", x1i = e1, t1i = t1, x2i = e2, t2i = t2, drop00 = left_out))
measures$rates <- rates
norm <- dat.normand1999
measures$means <- with(norm, list(m1 = m1i, sd1 = sd1i, n1 = n1i, m2 = m2i, sd2 = sd2i, n2 = n2i,
  SMDH = effect("SMDH", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i)))
small <- list(m1 = c(5, 3, -1e5), sd1 = c(2, 1, 4e5), n1 = c(12, 3.5, 500), m2 = c(3, 2.5, 2e5),
              sd2 = c(3, 1.5, 1e5), n2 = c(9, 15, 12))
small$SMDH <- with(small, effect("SMDH", m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2,
                                 n2i = n2))
measures$small <- small
# Morris (2008), table 5, as metafor's site gives the data.
t <- list(before = c(30.6, 23.5, 0.5, 53.4, 35.6), after = c(38.5, 26.8, 0.7, 75.9, 36.0),
          sdb = c(15.0, 3.1, 0.1, 14.5, 4.7), sda = c(11.6, 4.1, 0.1, 4.4, 4.6),
          n = c(20, 50, 9, 10, 14), r = c(0.47, 0.64, 0.77, 0.89, 0.44))
co <- list(before = c(23.1, 24.9, 0.6, 55.7, 34.8), after = c(19.7, 25.3, 0.6, 60.7, 33.4),
           sdb = c(13.8, 4.1, 0.2, 17.3, 3.1), n = c(20, 42, 9, 11, 14))
for (m in c("SMCRH", "ROMC"))
  t[[m]] <- effect(m, m1i = t$after, sd1i = if (m == "SMCRH") t$sdb else t$sda, m2i = t$before,
                   sd2i = if (m == "SMCRH") t$sda else t$sdb, ni = t$n, ri = t$r)
single <- function(g) escalc("SMCR", m1i = g$after, m2i = g$before, sd1i = g$sdb, ni = g$n,
                             ri = t$r)
own <- list(yi = num(single(t)$yi) - num(single(co)$yi), vi = num(single(t)$vi) + num(single(co)$vi))
m <- t$n + co$n - 2
sp <- sqrt(((t$n - 1) * t$sdb^2 + (co$n - 1) * co$sdb^2) / m)
J <- sqrt(2 / m) * exp(lgamma(m / 2) - lgamma((m - 1) / 2))
g <- J * ((t$after - t$before) - (co$after - co$before)) / sp
measures$morris <- list(treated = t, control = co, own = own, pooled = list(
  yi = g, vi = 2 * (1 - t$r) * (1 / t$n + 1 / co$n) + g^2 / (2 * (t$n + co$n))))
correlations <- list(r = c(0.5, -0.9, 0, 0.3, 0.999), n = c(10, 20, 9, 5, 1000))
for (v in c("LS", "UB"))
  correlations[[v]] <- effect("UCOR", ri = correlations$r, ni = correlations$n, vtype = v)
measures$correlations <- correlations

writeLines(toJSON(list(
  made_with = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                   metadat = as.character(packageVersion("metadat"))),
  fits = fits, joint = joint, correlated = correlated, schools = schools, fixed_by_one = one,
  measures = measures), digits = 17, auto_unbox = TRUE, null = "null", na = "null", pretty = TRUE),
  "engine.json")
