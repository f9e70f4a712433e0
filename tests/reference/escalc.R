# Writes escalc.json: effects of metafor's escalc for measures that measures.R, variation.R and
# engine.R leave out, with zeros and small samples; tests/test_escalc.py compares ours with them.
# Run from this folder:  Rscript escalc.R
# Needs metafor (3.8-1 was used), mvtnorm and jsonlite. The tests need no R.
suppressPackageStartupMessages({library(metafor); library(jsonlite)})
num <- function(x) unname(as.numeric(x))
cases <- list()
add <- function(of, case, measure, ...) {
  e <- suppressWarnings(do.call(escalc, list(measure, ...)))
  cases[[length(cases) + 1]] <<- list(data = of, name = case, yi = num(e$yi), vi = num(e$vi))
}
tables <- data.frame(e1 = c(12, 3, 0, 40, 7, 5, 1, 25, 9.5), n1 = c(30, 14, 20, 80, 7, 9, 150, 31, 20),
                     e2 = c(8, 6, 2, 22, 5, 4, 6, 9, 4.25), n2 = c(29, 15, 18, 85, 9, 9, 149, 40, 17))
for (m in c("PHI", "YUQ", "YUY", "RTET", "PBIT", "OR2DN", "RD")) {
  for (v in switch(m, PHI = c("CS", "ST"), RD = c("UB", "AV"), "LS"))
    for (to in c("only0", "all"))
      add("tables", paste(m, v, to), m, ai = tables$e1, n1i = tables$n1, ci = tables$e2,
          n2i = tables$n2, vtype = v, to = to)
}
means <- data.frame(m1 = c(10.2, 55, 3.1, 120, 8, 4.4), sd1 = c(3.1, 14, 0.9, 33, 2.5, 2.2),
                    n1 = c(20, 31, 4, 150, 9, 3), m2 = c(8.1, 61, 2.2, 101, 1.5, 4.4),
                    sd2 = c(2.4, 17, 1.3, 29, 2.1, 1.7), n2 = c(22, 28, 5, 12, 11, 3))
for (m in c("MD", "ROM", "SMD", "SMD1", "SMD1H", "D2ORN", "RPB", "RBIS"))
  for (v in switch(m, MD = "HO", ROM = c("HO", "AV", "AVHO"), SMD = "AV", RPB = c("ST", "CS"),
                   SMD1 = c("LS", "LS2", "UB", "AV"), "LS"))
    add("means", paste(m, v), m, m1i = means$m1, sd1i = means$sd1, n1i = means$n1,
        m2i = means$m2, sd2i = means$sd2, n2i = means$n2, vtype = v)
add("means", "SMN LS", "SMN", mi = means$m1, sdi = means$sd1, ni = means$n1)
change <- data.frame(m_pre = c(52.1, 48.3, 61, 55.7), sd_pre = c(14.2, 12.9, 17.5, 15.1),
                     m_post = c(38.4, 39.9, 41.2, 47), sd_post = c(16, 15.2, 18.8, 14.4),
                     n = c(24, 31, 4, 400), r = c(0.42, -0.15, 0.9, 0))
for (m in c("CVRC", "VRC", "SMCC"))
  add("change", paste(m, if (m == "SMCC") "LS2" else "LS"), m, m1i = change$m_post,
      m2i = change$m_pre, sd1i = change$sd_post, sd2i = change$sd_pre, ni = change$n,
      ri = change$r, vtype = if (m == "SMCC") "LS2" else "LS")
add("change", "SMCR LS2", "SMCR", m1i = change$m_post, m2i = change$m_pre, sd1i = change$sd_pre,
    ni = change$n, ri = change$r, vtype = "LS2")
rates <- data.frame(e = c(0, 3, 12.5, 40, 1), t = c(10, 104.2, 30, 999, 0.2))
add("rates", "IRFT LS", "IRFT", xi = rates$e, ti = rates$t)
alpha <- data.frame(alpha = c(0.93, 0.5, 0, -0.3, 0.78), items = c(20, 2, 5, 6, 40),
                    n = c(103, 3, 24, 55, 1000))
for (m in c("ARAW", "AHW", "ABT"))
  add("alpha", paste(m, "LS"), m, ai = alpha$alpha, mi = alpha$items, ni = alpha$n)
fits <- data.frame(t = c(2.3, -1.1, 0, 6.4), n = c(40, 25, 8, 900), predictors = c(3, 1, 5, 12),
                   r2 = c(0.31, 0.06, 0, 0.6))
for (m in c("PCOR", "ZPCOR", "SPCOR"))
  add("fits", paste(m, "LS"), m, ti = fits$t, ni = fits$n, mi = fits$predictors, r2i = fits$r2)
for (m in c("PCOR", "SPCOR"))
  add("fits", paste(m, "AV"), m, ti = fits$t, ni = fits$n, mi = fits$predictors, r2i = fits$r2,
      vtype = "AV")
for (m in c("PR", "PLN", "PLO"))
  for (v in c(if (m == "PR") "UB", "AV"))
    for (to in c("only0", "all"))
      add("tables", paste(m, v, to), m, xi = tables$e1, ni = tables$n1, vtype = v, to = to)
genotypes <- data.frame(homozygous = c(20, 3, 150, 7), heterozygous = c(45, 9, 80, 1),
                        other_homozygous = c(31, 2, 12, 4))
add("genotypes", "REH LS", "REH", ai = genotypes$homozygous, bi = genotypes$heterozygous,
    ci = genotypes$other_homozygous)
cor <- data.frame(r = c(0.4, -0.2, 0.87, 0), n = c(30, 12, 5, 400))
for (m in c("COR", "UCOR")) add("cor", paste(m, "AV"), m, ri = cor$r, ni = cor$n, vtype = "AV")
paired <- data.frame(both = c(10, 0, 5, 30), first = c(5, 3, 0, 12), second = c(8, 1, 4, 0),
                     neither = c(20, 9, 0, 2))
for (m in c("MPRR", "MPOR", "MPRD", "MPORC", "MPPETO"))
  for (to in c("only0", "all"))
    add("paired", paste(m, "LS", to), m, ai = paired$both, bi = paired$first, ci = paired$second,
        di = paired$neither, to = to)
bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
tau2 <- list(yi = num(bcg$yi), vi = num(bcg$vi), x = num(bcg$ablat))
for (m in c("HSk", "PMM", "SJIT")) {
  tight <- list(threshold = 1e-14, maxiter = 1e5, tol = 1e-14)
  one <- rma(yi, vi, data = bcg, method = m, control = tight)
  line <- rma(yi, vi, mods = ~ ablat, data = bcg, method = m, control = tight)
  tau2[[m]] <- list(mean = c(one$tau2, one$se.tau2), line = c(line$tau2, line$se.tau2))
}
writeLines(toJSON(list(
  made_with = list(R = R.version.string, metafor = as.character(packageVersion("metafor"))),
  data = lapply(list(tables = tables, means = means, change = change, rates = rates, alpha = alpha,
                     fits = fits, cor = cor, paired = paired, genotypes = genotypes), as.list), tau2 = tau2,
  cases = cases), digits = 17, auto_unbox = TRUE, na = "null"), "escalc.json")
