# Writes metafor.json: inputs and answers of metafor at 15 digits (jsonlite's most), against which
# tests/test_synthesis.py compares the engine. Run from this folder:  Rscript make_reference.R
# Needs metafor (3.8-1 was used), metadat and jsonlite. The tests need no R.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})

# metafor's default tolerances leave tau2 up to 0.2% off.
ctrl <- list(threshold = 1e-14, maxiter = 10000, tau2.max = 1e9, tol = 1e-12)
reml <- list(threshold = 1e-14, maxiter = 10000)

num <- function(x) if (length(x) == 0 || is.na(x[1])) NULL else unname(as.numeric(x[1]))

# The likelihood by its formula on a fine grid, then the root of its derivative: an independent
# judge of the global maximum, where Fisher scoring may stop at another one or nowhere.
likelihood <- function(t, y, v, restricted) {
  w <- 1 / (v + t); m <- sum(w * y) / sum(w)
  -0.5 * (sum(log(v + t)) + restricted * log(sum(w)) + sum(w * (y - m)^2))
}
score <- function(t, y, v, restricted) {
  w <- 1 / (v + t); m <- sum(w * y) / sum(w)
  0.5 * (sum(w^2 * (y - m)^2) - sum(w) + restricted * sum(w^2) / sum(w))
}
judge <- function(y, v, restricted = TRUE) {
  top <- 10 * (var(y) + max(v))
  grid <- c(0, exp(seq(log(1e-6 * min(v)), log(top), length.out = 20000)))
  ll <- vapply(grid, likelihood, 0, y = y, v = v, restricted = restricted)
  i <- which.max(ll)
  if (i == 1) return(0)
  uniroot(score, grid[c(i - 1, i + 1)], y = y, v = v, restricted = restricted, tol = 1e-300,
          maxiter = 10000)$root
}

part <- function(r) {
  p <- predict(r)
  list(estimate = num(r$beta), se = num(r$se), ci_low = num(r$ci.lb), ci_high = num(r$ci.ub),
       statistic = num(r$zval), p_value = num(r$pval), i2 = num(r$I2), h2 = num(r$H2),
       pi_low = num(p$pi.lb), pi_high = num(p$pi.ub))
}

# The threshold is absolute: where rounding keeps the steps above 1e-14, the next larger serves.
converged <- function(call) {
  for (threshold in c(1e-14, 1e-13, 1e-12, 1e-11, 1e-10, 1e-9, 1e-8)) {
    r <- try(call(threshold), silent = TRUE)
    if (!inherits(r, "try-error")) return(r)
  }
  NULL
}

small_study <- function(y, v, start) {
  out <- list()
  run <- function(call) converged(function(threshold) {
    control <- list(threshold = threshold, maxiter = 10000)
    call(rma(y, v, control = c(control, tau2.init = start)), control)
  })
  # Regression on the standard error, fitted directly, gives slope and tau2 at full precision.
  e <- converged(function(th) rma(y, v, mods = sqrt(v),
                                  control = list(threshold = th, maxiter = 10000)))
  test <- run(function(r, control) regtest(r, predictor = "sei"))
  if (!is.null(e)) out$egger <- list(
    statistic = e$zval[2], p_value = e$pval[2], intercept = e$beta[1], slope = e$beta[2],
    slope_se = e$se[2], tau2 = e$tau2, regtest = num(test$zval))
  for (side in c("left", "right")) {
    tf <- run(function(r, control) trimfill(r, side = side, control = control))
    if (!is.null(tf)) out$trimfill[[side]] <- list(
      k0 = tf$k0, k0_se = num(tf$se.k0), estimate = num(tf$beta), se = num(tf$se),
      tau2 = num(tf$tau2))
  }
  tf <- run(function(r, control) trimfill(r, control = control))
  if (!is.null(tf)) out$trimfill$chosen <- tf$side
  out
}

effects_case <- function(y, v, sei_tests = TRUE) {
  y <- as.numeric(y); v <- as.numeric(v); k <- length(y)
  methods <- c("DL", "PM", "REML", "ML", "HE", "SJ", "EB", "HS")
  fits <- list()
  tau2 <- list()
  scoring <- list()
  for (m in methods) {
    # The tolerance is absolute: small variances need a smaller one.
    paule <- modifyList(ctrl, list(tol = min(1e-12, 1e-10 * var(y))))
    control <- if (m %in% c("REML", "ML", "EB")) reml else if (m == "PM") paule else list()
    r <- try(rma(y, v, method = m, control = control), silent = TRUE)
    tau2[[m]] <- if (inherits(r, "try-error")) NA else num(r$tau2)
    # What Fisher scoring answers is kept; the judged maximum is what the engine must find.
    scoring[[m]] <- tau2[[m]]
    if (m %in% c("REML", "ML")) tau2[[m]] <- judge(y, v, m == "REML")
    if (m == "EB" && is.na(tau2$EB)) tau2$EB <- tau2$PM
  }
  for (m in c("DL", "PM", "REML")) for (test in c("z", "t", "knha", "adhoc"))
    fits[[paste(m, test)]] <- part(rma(y, v, tau2 = tau2[[m]], method = m, test = test))
  # A given tau2 leaves I2, H2 and the intervals as with an estimated one.
  fe <- rma(y, v, method = "EE")
  base <- rma(y, v, tau2 = tau2$REML)
  q <- list(q = num(fe$QE), q_df = k - 1, q_p = num(fe$QEp))
  ci <- confint(rma(y, v, method = "DL"), control = list(tau2.max = 1e8, tol = 1e-14,
                                                          maxiter = 100000))$random[1, ]
  out <- list(yi = y, vi = v, tau2 = tau2, scoring = scoring[c("REML", "ML")],
              fits = fits, common = part(fe), q = q,
              tau2_interval = c(num(ci["ci.lb"]), num(ci["ci.ub"])),
              weights = as.numeric(weights(base)) / 100)
  if (k >= 3) out$leave_one_out <- lapply(seq_len(k), function(i) {
    t2 <- judge(y[-i], v[-i])
    r <- rma(y[-i], v[-i], tau2 = t2, test = "adhoc")
    dl <- rma(y[-i], v[-i], method = "DL", test = "adhoc")
    list(tau2 = t2, reml = num(r$beta), reml_se = num(r$se), dl = num(dl$beta),
         dl_se = num(dl$se), dl_tau2 = num(dl$tau2))
  })
  if (sei_tests && k >= 5) out <- c(out, small_study(y, v, tau2$REML))
  out
}

continuous <- function(m1, sd1, n1, m2, sd2, n2) {
  md <- escalc("MD", m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2, n2i = n2)
  smd <- escalc("SMD", m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2, n2i = n2,
                vtype = "LS")
  list(m1 = m1, sd1 = sd1, n1 = n1, m2 = m2, sd2 = sd2, n2 = n2,
       md = list(yi = as.numeric(md$yi), vi = as.numeric(md$vi)),
       smd = list(yi = as.numeric(smd$yi), vi = as.numeric(smd$vi)))
}

mh <- function(r) list(estimate = num(r$beta), se = num(r$se), ci_low = num(r$ci.lb),
                       ci_high = num(r$ci.ub), statistic = num(r$zval), p_value = num(r$pval),
                       q = num(r$QE), q_p = num(r$QEp), i2 = num(r$I2), h2 = num(r$H2))

binary <- function(a, n1, c, n2) {
  out <- list(e1 = a, n1 = n1, e2 = c, n2 = n2)
  full <- a == n1 & c == n2
  for (measure in c("RR", "OR", "RD")) for (to in c("only0", "all")) {
    e <- escalc(measure, ai = a, n1i = n1, ci = c, n2i = n2, add = 1 / 2, to = to,
                drop00 = measure != "RD")
    out[[paste(measure, to)]] <- list(yi = as.numeric(e$yi), vi = as.numeric(e$vi))
    if (measure == "RR" && any(full)) {  # a ratio of 1 with the variance of the corrected cells
      kept <- escalc("RR", ai = a, n1i = n1, ci = c, n2i = n2, add = 1 / 2, to = to)
      out[[paste(measure, to)]]$yi[full] <- 0
      out[[paste(measure, to)]]$vi[full] <- as.numeric(kept$vi)[full]
    }
  }
  # Tables without events do not count in ratios, those of events alone in no odds ratio. Risk
  # ratios keep the latter and risk differences both, but not in Q.
  for (measure in c("RR", "OR", "RD")) {
    used <- measure == "RD" | a + c > 0 & (measure == "RR" | !full)
    out[[paste("mh", measure)]] <- mh(suppressWarnings(rma.mh(
      ai = a[used], n1i = n1[used], ci = c[used], n2i = n2[used], measure = measure, correct = FALSE,
      add = c(1 / 2, 0), to = c("only0", "none"), drop00 = TRUE)))
  }
  # With tables of no events or of only events in both arms.
  for (measure in c("RR", "OR"))
    out[[paste("mh", measure, "keep")]] <- mh(suppressWarnings(rma.mh(
      ai = a, n1i = n1, ci = c, n2i = n2, measure = measure, correct = FALSE,
      add = c(1 / 2, 0), to = c("only0", "none"), drop00 = FALSE)))
  keep <- (a + c) > 0 & (a + c) < (n1 + n2)
  out$peto <- mh(rma.peto(ai = a[keep], n1i = n1[keep], ci = c[keep], n2i = n2[keep], add = 0,
                          to = "none"))
  e <- escalc("OR", ai = a, n1i = n1, ci = c, n2i = n2, drop00 = TRUE)[keep, ]
  total <- (n1 + n2)[keep]; events <- (a + c)[keep]
  p <- regtest(e$yi, e$vi, ni = total, model = "lm", predictor = "ninv")
  out$peters_variance <- list(statistic = num(p$zval), p_value = num(p$pval),
                              intercept = num(p$est))
  # Peters' own weights, by lm() on the paper's definition.
  own <- summary(lm(yi ~ x, weights = w, data = list(
    yi = as.numeric(e$yi), x = 1 / total, w = 1 / (1 / events + 1 / (total - events)))))
  out$peters_events <- list(statistic = own$coefficients[2, 3], p_value = own$coefficients[2, 4],
                            intercept = own$coefficients[1, 1], slope = own$coefficients[2, 1],
                            slope_se = own$coefficients[2, 2])
  out
}

norm <- dat.normand1999
gib <- dat.gibson2002[!is.na(dat.gibson2002$m1i), ]
bcg <- dat.bcg; bcg$n1 <- bcg$tpos + bcg$tneg; bcg$n2 <- bcg$cpos + bcg$cneg
hart <- escalc("IRR", x1i = x1i, x2i = x2i, t1i = t1i, t2i = t2i, data = dat.hart1999)
li <- dat.li2007; niel <- dat.nielweise2007; graves <- dat.graves2010
fine <- na.omit(dat.fine1993[c("nei", "nci", "e1i", "c1i")])
rom <- escalc("ROM", m1i = y1, sd1i = sd1, n1i = n1, m2i = y2, sd2i = sd2, n2i = n2,
              data = dat.franchini2012)

tables <- list(
  bcg = binary(bcg$tpos, bcg$n1, bcg$cpos, bcg$n2),
  li2007 = binary(li$ai, li$n1i, li$ci, li$n2i),
  nielweise2007 = binary(niel$ai, niel$n1i, niel$ci, niel$n2i),
  fine1993 = with(fine, binary(e1i, nei, c1i, nci)),
  graves2010 = with(graves, binary(ai, n1i, ci, n2i)),
  events_in_all = binary(c(18, 5, 30, 9), c(20, 10, 30, 24), c(14, 3, 12, 4), c(20, 10, 12, 22)))
means <- list(
  normand1999 = with(norm, continuous(m1i, sd1i, n1i, m2i, sd2i, n2i)),
  gibson2002 = with(gib, continuous(m1i, sd1i, n1i, m2i, sd2i, n2i)),
  fractional = continuous(c(1, 2.5), c(1.5, 2), c(7.5, 3.25), c(0.5, 2), c(1.2, 2.2), c(9.4, 4)))

of <- function(x, ...) effects_case(x$yi, x$vi, ...)
drop <- function(x) { keep <- !is.na(x$yi); list(yi = x$yi[keep], vi = x$vi[keep]) }
cases <- list(
  bcg_rr = of(tables$bcg[["RR only0"]]), bcg_or = of(tables$bcg[["OR only0"]]),
  bcg_rd = of(tables$bcg[["RD only0"]]),
  li2007_or = of(drop(tables$li2007[["OR only0"]])),
  nielweise2007_or = of(drop(tables$nielweise2007[["OR only0"]])),
  nielweise2007_rr = of(drop(tables$nielweise2007[["RR only0"]])),
  normand1999_md = of(means$normand1999$md), normand1999_smd = of(means$normand1999$smd),
  # Regression and filling of gibson2002 (MD) may have several maxima too, and nothing judges them.
  gibson2002_md = of(means$gibson2002$md, FALSE), gibson2002_smd = of(means$gibson2002$smd),
  hart1999 = effects_case(hart$yi, hart$vi),
  fine1993_or = of(drop(tables$fine1993[["OR only0"]])),
  # Small variances, and several maxima where one study is left out.
  graves2010_rd = of(tables$graves2010[["RD only0"]], FALSE),
  franchini2012_rom = effects_case(rom$yi, rom$vi, FALSE),
  two = effects_case(c(0.2, 1.7), c(0.04, 0.09)),
  two_equal = effects_case(c(0.5, 0.5), c(0.04, 0.09)),
  homogeneous = effects_case(c(0.1, 0.12, 0.09, 0.11), c(0.04, 0.09, 0.05, 0.03)),
  identical = effects_case(c(1, 1, 1), c(0.1, 0.2, 0.3)),
  unequal = effects_case(c(0.1, 2, -1, 0.7, 1.1), c(1e-4, 0.5, 0.3, 1, 40)))

x <- sqrt(1 / norm$n1i + 1 / norm$n2i)
own <- rma(means$normand1999$smd$yi, means$normand1999$smd$vi, mods = x, control = reml)
predictor <- list(x = x, statistic = own$zval[2], p_value = own$pval[2],
                  intercept = own$beta[1], slope = own$beta[2], tau2 = own$tau2)

# Effects that share a control: generalised least squares by rma.mv with a common effect.
V <- matrix(c(0.25, 0.10, 0.12, 0.10, 0.30, 0.11, 0.12, 0.11, 0.40), 3)
g <- rma.mv(c(1.2, 0.7, 0.4), V)
gls <- list(yi = c(1.2, 0.7, 0.4), covariance = V, estimate = num(g$beta), variance = num(g$vb))
s <- rma(c(0.4, 1.1, 0.2), sei = c(0.2, 0.3, 0.25), method = "EE")
subgroups <- list(estimates = c(0.4, 1.1, 0.2), ses = c(0.2, 0.3, 0.25), q = num(s$QE),
                  p_value = num(s$QEp))

writeLines(toJSON(list(
  made_with = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                   metadat = as.character(packageVersion("metadat"))),
  tables = tables, means = means, cases = cases, predictor = predictor, gls = gls,
  subgroups = subgroups), digits = 17, auto_unbox = TRUE, null = "null", na = "null",
  pretty = TRUE), "metafor.json")
