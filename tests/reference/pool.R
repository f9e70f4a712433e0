# Writes pool.json: files of trials and metafor's answers, against which tests/test_pool_answers.py
# compares what the command `pool` prints as JSON.
# Run from this folder:  Rscript pool.R
# Needs metafor (3.8-1 was used), metadat, clubSandwich and jsonlite. The tests need no R.
suppressPackageStartupMessages({
  library(metafor); library(metadat); library(clubSandwich); library(jsonlite)})

num <- function(x) if (is.null(x) || length(x) == 0) NULL else unname(as.numeric(x))
tight <- list(threshold = 1e-14, maxiter = 10000)
reml <- function(yi, vi, test = "adhoc", ...)
  rma(yi, vi, method = "REML", test = test, control = tight, ...)
answer <- function(r, back = identity, ...) {
  p <- predict(r)
  list(estimate = back(num(r$beta), ...), ci_low = back(num(r$ci.lb), ...),
       ci_high = back(num(r$ci.ub), ...), pi_low = back(num(p$pi.lb), ...),
       pi_high = back(num(p$pi.ub), ...), se = num(r$se), tau2 = num(r$tau2), i2 = num(r$I2),
       q = num(r$QE), statistic = num(r$zval), p_value = num(r$pval))
}
one <- function(columns, es, back = identity, ...) {
  list(columns = lapply(columns, num), yi = num(es$yi), vi = num(es$vi),
       pooled = answer(reml(es$yi, es$vi), back, ...))
}

# ---------------------------------------------------------------- measures
prop <- dat.pritz1997
rate <- dat.hart1999
mean1 <- dat.normand1999
cor1 <- dat.molloy2014
change <- data.frame(m_pre = c(52.1, 48.3, 61.0, 55.7, 49.9), sd_pre = c(14.2, 12.9, 17.5, 15.1, 11.8),
                     m_post = c(38.4, 39.9, 41.2, 47.0, 30.3), sd_post = c(16.0, 15.2, 18.8, 14.4, 13.7),
                     n = c(24, 31, 18, 40, 22), r = c(0.42, 0.55, 0.31, 0.6, 0.5))
ft <- function(x) transf.ipft.hm(x, targs = list(ni = prop$ni))
pre <- function(m) escalc(m, m1i = m_post, m2i = m_pre, sd1i = sd_post, sd2i = sd_pre, ni = n,
                          ri = r, data = change)
# SMCC and SMCR divide by the SD of changes and by that at baseline, which is sd1i in metafor.
smcr <- escalc("SMCR", m1i = m_post, m2i = m_pre, sd1i = sd_pre, ni = n, ri = r, data = change)
two <- list(e1 = rate$x1i, t1 = rate$t1i, e2 = rate$x2i, t2 = rate$t2i)
means <- list(m1 = mean1$m1i, sd1 = mean1$sd1i, n1 = mean1$n1i,
              m2 = mean1$m2i, sd2 = mean1$sd2i, n2 = mean1$n2i)
smd <- function(v) escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i,
                          n2i = n2i, data = mean1, vtype = v)
measures <- list(
  PR = one(list(e = prop$xi, n = prop$ni), escalc("PR", xi = xi, ni = ni, data = prop)),
  PLO = one(list(e = prop$xi, n = prop$ni), escalc("PLO", xi = xi, ni = ni, data = prop),
            transf.ilogit),
  PFT = one(list(e = prop$xi, n = prop$ni), escalc("PFT", xi = xi, ni = ni, data = prop), ft),
  IR = one(list(e = rate$x1i, t = rate$t1i), escalc("IR", xi = x1i, ti = t1i, data = rate)),
  IRLN = one(list(e = rate$x1i, t = rate$t1i), escalc("IRLN", xi = x1i, ti = t1i, data = rate), exp),
  IRS = one(list(e = rate$x1i, t = rate$t1i), escalc("IRS", xi = x1i, ti = t1i, data = rate),
            transf.isqrt),
  IRR = one(two, escalc("IRR", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = rate), exp),
  IRD = one(two, escalc("IRD", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = rate)),
  MN = one(list(m = mean1$m1i, sd = mean1$sd1i, n = mean1$n1i),
           escalc("MN", mi = m1i, sdi = sd1i, ni = n1i, data = mean1)),
  MNLN = one(list(m = mean1$m1i, sd = mean1$sd1i, n = mean1$n1i),
             escalc("MNLN", mi = m1i, sdi = sd1i, ni = n1i, data = mean1), exp),
  MC = one(change, pre("MC")), SMCC = one(change, pre("SMCC")), SMCR = one(change, smcr),
  COR = one(list(r = cor1$ri, n = cor1$ni), escalc("COR", ri = ri, ni = ni, data = cor1)),
  ZCOR = one(list(r = cor1$ri, n = cor1$ni), escalc("ZCOR", ri = ri, ni = ni, data = cor1),
             transf.ztor))
bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
tables <- list(e1 = num(bcg$tpos), n1 = num(bcg$tpos + bcg$tneg), e2 = num(bcg$cpos),
               n2 = num(bcg$cpos + bcg$cneg))
measures <- c(measures, list(
  AS = one(tables, escalc("AS", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = bcg)),
  IRSD = one(two, escalc("IRSD", x1i = x1i, t1i = t1i, x2i = x2i, t2i = t2i, data = rate)),
  SMDH = one(means, escalc("SMDH", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i,
                           n2i = n2i, data = mean1)),
  PLN = one(list(e = prop$xi, n = prop$ni), escalc("PLN", xi = xi, ni = ni, data = prop), exp),
  PAS = one(list(e = prop$xi, n = prop$ni), escalc("PAS", xi = xi, ni = ni, data = prop),
            function(x) sin(pmin(pmax(x, 0), pi / 2))^2),
  SMCRH = one(change, escalc("SMCRH", m1i = m_post, m2i = m_pre, sd1i = sd_pre, sd2i = sd_post,
                             ni = n, ri = r, data = change)),
  ROMC = one(change, pre("ROMC"), exp),
  UCOR = one(list(r = cor1$ri, n = cor1$ni), escalc("UCOR", ri = ri, ni = ni, data = cor1))))
smds <- list(LS2 = one(means, smd("LS2")), UB = one(means, smd("UB")))

# ---------------------------------------------------------------- beside the pool
fit <- reml(bcg$yi, bcg$vi)
listed <- function(x) list(estimate = exp(num(x$estimate)), ci_low = exp(num(x$ci.lb)),
                           ci_high = exp(num(x$ci.ub)), tau2 = num(x$tau2))
cumulated <- cumul(fit, order = bcg$year)
fixed <- rma(yi, vi, data = bcg, method = "EE")
regression <- function(x) list(statistic = num(x$zval), p_value = num(x$pval))
taf <- trimfill(fit, control = tight)
df <- function(k) {  # prediction intervals with other degrees of freedom, written out
  half <- qt(0.975, k) * sqrt(fit$tau2 + fit$se^2)
  exp(c(num(fit$beta) - half, num(fit$beta) + half))
}
beside <- list(
  columns = c(tables, list(year = num(bcg$year))),
  leave_one_out = listed(leave1out(fit)), cumulative = listed(cumulated),
  influence = lapply(unclass(influence(reml(bcg$yi, bcg$vi))$inf)[c("rstudent", "dffits", "cook.d",
    "cov.r", "tau2.del", "QE.del", "hat")], num),
  egger = regression(regtest(reml(bcg$yi, bcg$vi, "z"))),
  egger_weighted = regression(regtest(bcg$yi, bcg$vi, model = "lm")),
  begg = list(tau = num(ranktest(fit)$tau), p_value = num(ranktest(fit)$pval)),
  trim_and_fill = c(list(k0 = taf$k0, side = taf$side), answer(taf, exp)),
  prediction = list("k-2" = df(11), normal = df(Inf)))
groups <- lapply(c("adhoc", "z"), function(test) {
  r <- reml(bcg$yi, bcg$vi, test, mods = ~ 0 + factor(bcg$alloc))
  m <- reml(bcg$yi, bcg$vi, test, mods = ~ factor(bcg$alloc))
  list(labels = sort(unique(bcg$alloc)), estimate = exp(num(r$beta)), ci_low = exp(num(r$ci.lb)),
       tau2 = num(r$tau2), statistic = num(m$QM), p_value = num(m$QMp))
})
factor <- reml(bcg$yi, bcg$vi, mods = ~ bcg$ablat + bcg$alloc)
joint <- anova(factor, btt = 3:4)
plain <- fitstats(fit)
names(groups) <- c("hksj-guard", "z")

# ---------------------------------------------------------------- clusters
k11 <- dat.konstantopoulos2011
base <- reml(k11$yi, k11$vi, "z")
cr2 <- coef_test(base, vcov = "CR2", cluster = k11$district)
nested <- rma.mv(yi, vi, random = ~ 1 | district/school, data = k11, method = "REML",
                 control = list(optimizer = "nlminb", rel.tol = 1e-12))
years <- reml(k11$yi, k11$vi, "z", mods = ~ k11$year)
cr2_year <- coef_test(years, vcov = "CR2", cluster = k11$district)
# The three-level model as the working one, and that of ratios with trials by allocation.
cr2_nested <- coef_test(nested, vcov = "CR2", cluster = k11$district)
ratio <- rma.mv(yi, vi, random = ~ 1 | alloc/trial, data = bcg, method = "REML", test = "t",
                control = list(optimizer = "nlminb", rel.tol = 1e-12))
ratio_ends <- predict(ratio)
clusters <- list(
  working = list(estimate = num(cr2_nested$beta), se = num(cr2_nested$SE),
                 df = num(cr2_nested$df),
                 weights = num(weights(nested, type = "rowsum")) / 100),
  ratio = list(estimate = exp(num(ratio$beta)), ci_low = exp(num(ratio_ends$ci.lb)),
               ci_high = exp(num(ratio_ends$ci.ub)), pi_low = exp(num(ratio_ends$pi.lb)),
               pi_high = exp(num(ratio_ends$pi.ub)), se = num(ratio$se),
               between = num(ratio$sigma2[1]), within = num(ratio$sigma2[2])),
  columns = list(yi = num(k11$yi), vi = num(k11$vi), district = num(k11$district),
                 year = num(k11$year)),
  estimate = num(cr2$beta), se = num(cr2$SE), df = num(cr2$df), p_value = num(cr2$p_Satt),
  three_level = list(estimate = num(nested$beta), se = num(nested$se),
                     between = num(nested$sigma2[1]), within = num(nested$sigma2[2])),
  regression = list(estimate = num(cr2_year$beta), se = num(cr2_year$SE), df = num(cr2_year$df)))

write_json(list(measures = measures, smd = smds, beside = beside, alloc = bcg$alloc,
                latitude = num(bcg$ablat), groups = groups,
                joint = list(statistic = num(joint$QM), p_value = num(joint$QMp)),
                fit = list(log_likelihood = plain[1], aic = plain[3], bic = plain[4],
                           aicc = plain[5], tau2_se = num(fit$se.tau2)), clusters = clusters),
           "pool.json", digits = NA, auto_unbox = TRUE, null = "null")
