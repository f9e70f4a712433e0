# Writes measures.json: answers of metafor for effect measures, proportions, rates, small-study
# tests and predictions, against which tests/test_measures.py compares the engine. Run from this
# folder:  Rscript measures.R   Needs metafor (3.8-1 was used), metadat and jsonlite. The tests need
# no R.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})
reml <- list(threshold = 1e-14, maxiter = 10000)

# What is missing or infinite in metafor is null.
part <- function(e) list(yi = as.numeric(e$yi), vi = as.numeric(e$vi))
quiet <- suppressWarnings

means <- function(m1, sd1, n1, m2, sd2, n2) {
  of <- function(measure, ...)
    part(quiet(escalc(measure, m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2, n2i = n2, ...)))
  out <- list(m1 = m1, sd1 = sd1, n1 = n1, m2 = m2, sd2 = sd2, n2 = n2)
  for (v in c("LS", "LS2", "UB")) out[[paste("SMD", v)]] <- of("SMD", vtype = v)
  if (all(m1 * m2 > 0)) out$ROM <- of("ROM")
  out
}
norm <- dat.normand1999
gib <- dat.gibson2002[!is.na(dat.gibson2002$m1i), ]
curtis <- dat.curtis1998[1:40, ]
of_means <- list(
  normand1999 = with(norm, means(m1i, sd1i, n1i, m2i, sd2i, n2i)),
  gibson2002 = with(gib, means(m1i, sd1i, n1i, m2i, sd2i, n2i)),
  curtis1998 = with(curtis, means(m1i, sd1i, n1i, m2i, sd2i, n2i)),
  edge = means(c(1, -2.5, 1e-9, 4e8, 5), c(1.5, 2, 1e-9, 1e7, 2), c(7.5, 3.25, 2, 40, 5000),
               c(0.5, -2, 2e-9, 3e8, 5), c(1.2, 2.2, 3e-9, 2e7, 2), c(9.4, 4, 3, 50, 6000)))

policies <- c("only0", "all", "none")
tables <- function(a, n1, c, n2) {
  out <- list(e1 = a, n1 = n1, e2 = c, n2 = n2)
  for (m in c("RR", "OR", "RD", "PETO")) for (to in policies) for (d in c("keep", "drop"))
    out[[paste(m, to, d)]] <- part(quiet(escalc(m, ai = a, n1i = n1, ci = c, n2i = n2, to = to,
                                                drop00 = d == "drop")))
  # drop00 also drops tables of events alone. The engine keeps them in risk ratios: a ratio of 1 with
  # the variance of the corrected cells, as Review Manager prints it.
  full <- a == n1 & c == n2
  for (to in policies) for (part in c("yi", "vi")) {
    kept <- out[[paste("RR", to, "keep")]][[part]][full]
    out[[paste("RR", to, "drop")]][[part]][full] <- if (part == "yi") 0 * kept else kept
  }
  out
}
li <- dat.li2007; niel <- dat.nielweise2007
bcg <- dat.bcg; bcg$n1 <- bcg$tpos + bcg$tneg; bcg$n2 <- bcg$cpos + bcg$cneg
of_tables <- list(
  bcg = tables(bcg$tpos, bcg$n1, bcg$cpos, bcg$n2),
  li2007 = tables(li$ai, li$n1i, li$ci, li$n2i),
  nielweise2007 = tables(niel$ai, niel$n1i, niel$ci, niel$n2i),
  zeros = tables(c(0, 0, 3, 0, 10, 2, 5, 2.5, 0), c(10, 5, 10, 1, 10, 20, 5, 10.4, 300),
                 c(0, 5, 2, 0, 10, 0, 5, 5, 1), c(12, 5, 9, 1, 11, 15, 7, 11.2, 2)),
  events_in_all = tables(c(18, 5, 30, 9, 0, 2.5), c(20, 10, 30, 24, 7, 2.5),
                         c(14, 3, 12, 4, 0, 4), c(20, 10, 12, 22, 9, 4)))

changes <- function(before, sdb, after, sda, n, r) {
  out <- list(m_baseline = before, sd_baseline = sdb, m_final = after, sd_final = sda, n = n,
              correlation = r)
  for (m in c("MC", "SMCC", "SMCR"))
    out[[m]] <- part(escalc(m, m1i = after, sd1i = sdb, m2i = before, sd2i = sda, ni = n, ri = r))
  # The raw mean change does not tell the SDs apart; the standardised ones take the first.
  out
}
of_changes <- list(
  several = changes(c(30.6, 23.5, 0.5, 53.4, 35.6), c(15, 3.1, 0.1, 14.5, 4.7),
                    c(38.5, 26.8, 0.7, 75.9, 36), c(11.6, 4.1, 0.1, 4.4, 4.6),
                    c(20, 50, 9, 10, 14), c(0.47, 0.64, 0.77, 0.89, 0.44)),
  edge = changes(c(1, 1, 2), c(1, 2, 3), c(1, 0, 2.5), c(1.5, 2, 3), c(3, 3.5, 1e5),
                 c(-1, 0, 0.999)))

correlations <- list(r = c(0.5, -0.9, 0, 0.3, 0.9999999), n = c(10, 20, 9, 4, 1000))
for (m in c("COR", "ZCOR"))
  correlations[[m]] <- part(escalc(m, ri = correlations$r, ni = correlations$n))

proportions <- function(x, n) {
  out <- list(events = x, n = n)
  for (m in c("PR", "PLO")) for (to in policies)
    out[[paste(m, to)]] <- part(quiet(escalc(m, xi = x, ni = n, to = to)))
  e <- escalc("PFT", xi = x, ni = n)
  out$PFT <- part(e)
  r <- rma(yi, vi, data = e, method = "DL")
  out$pooled <- c(r$beta, r$ci.lb, r$ci.ub)
  out$harmonic <- 1 / mean(1 / n)
  out$back_pooled <- transf.ipft.hm(out$pooled, targs = list(ni = n))
  out$back <- transf.ipft(as.numeric(e$yi), n)
  out
}
pri <- dat.pritz1997
of_proportions <- list(
  pritz1997 = proportions(pri$xi, pri$ni),
  edge = proportions(c(0, 3, 10, 1, 2.5, 0, 999999), c(10, 10, 10, 1, 7.25, 1e6, 1e6)))
miller <- list(value = c(-0.2, 0, 0.1, 0.16, 0.3, 0.7, pi / 4, 1.2, 1.5, 1.57, 2), n = 10)
miller$p <- transf.ipft(miller$value, rep(10, length(miller$value)))

rates <- function(x, t) {
  out <- list(events = x, time = t)
  for (m in c("IR", "IRLN")) for (to in policies)
    out[[paste(m, to)]] <- part(quiet(escalc(m, xi = x, ti = t, to = to)))
  out$IRS <- part(escalc("IRS", xi = x, ti = t))
  out
}
two_rates <- function(x1, t1, x2, t2) {
  out <- list(e1 = x1, t1 = t1, e2 = x2, t2 = t2)
  for (m in c("IRR", "IRD")) for (to in policies) for (d in c("keep", "drop"))
    out[[paste(m, to, d)]] <- part(quiet(escalc(m, x1i = x1, t1i = t1, x2i = x2, t2i = t2, to = to,
                                                drop00 = d == "drop")))
  out
}
hart <- dat.hart1999; n08 <- dat.nielweise2008
of_rates <- list(hart1999 = rates(hart$x1i, hart$t1i), nielweise2008 = rates(n08$x1i, n08$t1i),
                 edge = rates(c(0, 3, 10, 2.5), c(10, 10, 0.5, 1e6)))
of_two_rates <- list(hart1999 = with(hart, two_rates(x1i, t1i, x2i, t2i)),
                     nielweise2008 = with(n08, two_rates(x1i, t1i, x2i, t2i)),
                     edge = two_rates(c(0, 0, 3, 2), c(10, 10, 5, 1), c(0, 3, 4, 0),
                                      c(11, 12, 13, 1e4)))

# ---------------------------------------------------------------- small-study effects
# regtest(model="rma") stops by metafor's own threshold, so the same regression is fitted directly.
converged <- function(call) {
  for (threshold in c(1e-14, 1e-13, 1e-12, 1e-11, 1e-10)) {
    r <- try(call(list(threshold = threshold, maxiter = 10000)), silent = TRUE)
    if (!inherits(r, "try-error")) return(r)
  }
  NULL
}
small_study <- function(y, v, n) {
  y <- as.numeric(y); v <- as.numeric(v)
  out <- list(yi = y, vi = v, n = n)
  x <- list(sei = sqrt(v), vi = v, ni = n, sqrtni = sqrt(n), ninv = 1 / n, sqrtninv = 1 / sqrt(n))
  for (p in names(x)) {
    e <- converged(function(control) rma(y, v, mods = x[[p]], control = control))
    r <- quiet(regtest(y, v, ni = n, model = "rma", predictor = p))
    if (!is.null(e)) out$random[[p]] <- list(
      statistic = e$zval[2], p_value = e$pval[2], intercept = e$beta[1], slope = e$beta[2],
      slope_se = e$se[2], tau2 = e$tau2, regtest = as.numeric(r$zval))
    r <- regtest(y, v, ni = n, model = "lm", predictor = p)
    s <- summary(r$fit)$coefficients
    out$weighted[[p]] <- list(statistic = as.numeric(r$zval), p_value = as.numeric(r$pval),
                              df = r$dfs, intercept = s[1, 1], slope = s[2, 1],
                              slope_se = s[2, 2])
  }
  for (exact in c("default", "yes", "no")) {
    r <- quiet(switch(exact, default = ranktest(y, v), yes = ranktest(y, v, exact = TRUE),
                      no = ranktest(y, v, exact = FALSE)))
    out$begg[[exact]] <- list(tau = as.numeric(r$tau), p_value = as.numeric(r$pval))
  }
  for (est in c("L0", "R0", "Q0")) for (side in c("left", "right")) for (m in c("DL", "EE")) {
    t <- try(trimfill(rma(y, v, method = m), side = side, estimator = est), silent = TRUE)
    if (!inherits(t, "try-error"))
      out$fill[[paste(est, side, m)]] <- list(k0 = t$k0, k0_se = t$se.k0,
                                              estimate = as.numeric(t$beta), se = t$se)
  }
  for (m in c("DL", "EE")) out$chosen[[m]] <- trimfill(rma(y, v, method = m))$side
  for (type in c("Rosenthal", "Orwin", "Rosenberg")) {
    r <- fsn(y, v, type = type)
    out$fail_safe[[type]] <- list(n = r$fsnum, p_value = r$pval)
  }
  if (length(y) <= 20) {  # of more the exact test takes long
    r <- tes(y, v, test = "exact", progbar = FALSE)
    out$excess <- list(observed = r$O, expected = r$E, p_value = r$pval, effect = r$theta)
  }
  r <- quiet(hc(rma(y, v, method = "DL"), control = list(tol = 1e-13, maxiter = 1e5)))
  out$henmi_copas <- list(estimate = as.numeric(r$beta), se = r$se, ci_low = r$ci.lb,
                          ci_high = r$ci.ub, tau2 = r$tau2)
  out
}
rr <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
or <- escalc("OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = dat.nielweise2007)
smd <- escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i,
              data = dat.normand1999)
smoke <- dat.hackshaw1998
set.seed(20)
many_v <- round(exp(rnorm(60, -2)), 6); many_y <- round(rnorm(60, 0.5 * sqrt(many_v), sqrt(many_v)), 6)
of_small <- list(
  bcg = small_study(rr$yi, rr$vi, bcg$n1 + bcg$n2),
  nielweise2007 = small_study(or$yi, or$vi, niel$n1i + niel$n2i),
  normand1999 = small_study(smd$yi, smd$vi, norm$n1i + norm$n2i),
  # Sizes are made up: the data give none.
  hackshaw1998 = small_study(smoke$yi, smoke$vi, round(4 / smoke$vi) + seq_along(smoke$vi)),
  many = small_study(many_y, many_v, round(20 / many_v) + 1:60),
  ties = small_study(c(1, 2, 3, 1, 2, 2.5), c(1, 1, 2, 2, 3, 4), c(90, 80, 50, 40, 20, 10)),
  giant = small_study(c(0.1, 2, -1, 0.7, 1.1), c(1e-6, 0.5, 0.3, 1, 4), c(1e6, 30, 40, 20, 9)),
  three = small_study(c(0.1, 0.9, 0.7), c(0.1, 0.3, 0.2), c(40, 14, 18)))

# ---------------------------------------------------------------- predictions
# The chance by pt() of metafor's estimate, tau2 and se; its interval says which t it means.
predictions <- lapply(of_small[c("bcg", "normand1999")], function(d) {
  lapply(c(z = "z", knha = "knha", adhoc = "adhoc"), function(test) {
    r <- rma(d$yi, d$vi, method = "DL", test = test)
    p <- predict(r); s <- sqrt(r$tau2 + r$se^2); k <- r$k
    at <- c(-1, 0, 0.3)
    list(threshold = at, below_k1 = pt((at - c(r$beta)) / s, k - 1),
         below_k2 = pt((at - c(r$beta)) / s, k - 2), below_z = pnorm((at - c(r$beta)) / s),
         above_z = pnorm((at - c(r$beta)) / s, lower.tail = FALSE),
         pi_low = p$pi.lb, pi_high = p$pi.ub)
  })
})

writeLines(toJSON(list(
  made_with = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                   metadat = as.character(packageVersion("metadat"))),
  means = of_means, tables = of_tables, changes = of_changes, correlations = correlations,
  proportions = of_proportions, miller = miller, rates = of_rates, two_rates = of_two_rates,
  small_study = of_small, predictions = predictions), digits = 17, auto_unbox = TRUE, null = "null",
  na = "null", pretty = TRUE), "measures.json")
