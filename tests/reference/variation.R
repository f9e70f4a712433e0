# Writes variation.json: metafor's effects of spread and between odds and differences, and its pools
# of rates by Mantel and Haenszel, with which tests/test_variation.py compares ours. Run from this folder:  Rscript variation.R
# Needs metafor (3.8-1 was used), metadat and jsonlite. The tests need no R.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})
effect <- function(...) { e <- escalc(...); list(yi = as.numeric(e$yi), vi = as.numeric(e$vi)) }
m <- with(dat.normand1999, list(m1 = m1i, sd1 = sd1i, n1 = n1i, m2 = m2i, sd2 = sd2i, n2 = n2i))
for (measure in c("VR", "CVR", "D2OR"))
  m[[measure]] <- with(m, effect(measure, m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2,
                                 n2i = n2))
for (measure in c("SDLN", "CVLN"))
  m[[measure]] <- with(m, effect(measure, mi = m1, sdi = sd1, ni = n1))
e <- with(dat.bcg, list(e1 = tpos, n1 = tpos + tneg, e2 = cpos, n2 = cpos + cneg))
e$OR2D <- with(e, effect("OR2D", ai = e1, n1i = n1, ci = e2, n2i = n2))
z <- list(e1 = c(0, 3, 5), n1 = c(10, 12, 5), e2 = c(2, 4, 3), n2 = c(11, 9, 6))
z$OR2D <- with(z, effect("OR2D", ai = e1, n1i = n1, ci = e2, n2i = n2))
pool_rates <- function(d) {
  for (measure in c("IRR", "IRD")) {
    r <- with(d, rma.mh(x1i = e1, t1i = t1, x2i = e2, t2i = t2, measure = measure))
    d[[measure]] <- list(estimate = as.numeric(r$beta), se = r$se, q = r$QE, k = r$k.yi)
  }
  d
}
rates <- list(
  nielweise2008 = with(dat.nielweise2008, list(e1 = x1i, t1 = t1i, e2 = x2i, t2 = t2i)),
  hart1999 = with(dat.hart1999, list(e1 = x1i, t1 = t1i, e2 = x2i, t2 = t2i)),
  zeros = list(e1 = c(0, 3, 0, 12.5), t1 = c(10, 10, 9, 10000), e2 = c(2, 4, 0, 20),
               t2 = c(12, 12, 12, 2.5)))
writeLines(toJSON(list(
  made_with = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                   metadat = as.character(packageVersion("metadat"))),
  means = m, events = e, zeros = z, rates = lapply(rates, pool_rates)), digits = 17, auto_unbox = TRUE, pretty = TRUE),
  "variation.json")
