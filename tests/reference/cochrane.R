# Writes cochrane.json: Review Manager's conventions for event outcomes, by metafor's pieces, against
# which tests/test_event_tables.py compares the engine. Run from this folder:  Rscript cochrane.R
# Needs metafor (3.8-1 was used), metadat and jsonlite. The tests need no R.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})
quiet <- suppressWarnings

# Effects of single tables: 0.5 where a cell is zero; no ratio without events; a risk ratio of 1 where
# all had the event; in risk differences 0.5 goes into the standard error alone.
single <- function(d, m) {
  e <- quiet(escalc(m, ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d, add = 1 / 2, to = "only0"))
  none <- d$ai + d$ci == 0; full <- d$ai == d$n1i & d$ci == d$n2i
  used <- switch(m, RR = !none, OR = !none & !full, RD = rep(TRUE, nrow(d)))
  if (m == "RR") e$yi[full] <- 0
  if (m == "RD") e$yi <- d$ai / d$n1i - d$ci / d$n2i
  list(yi = as.numeric(e$yi), vi = as.numeric(e$vi), used = used)
}

# The Mantel–Haenszel estimate with 0.5 in the cells (to = "only0" for the pool too); ratios with a
# table of events alone are left to the tests, because metafor would correct it.
fixed <- function(d, m, e) {
  if (m == "RD") {  # Greenland and Robins (1985): weights n1 n2/n, each table's own variance
    w <- d$n1i * d$n2i / (d$n1i + d$n2i)
    return(list(estimate = sum(w * e$yi) / sum(w), se = sqrt(sum(w^2 * e$vi)) / sum(w)))
  }
  r <- quiet(rma.mh(ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = d[e$used, ], measure = m,
                    correct = FALSE, add = c(1 / 2, 1 / 2), to = c("only0", "only0"),
                    drop00 = c(TRUE, TRUE)))
  list(estimate = as.numeric(r$beta), se = r$se)
}

case <- function(d) {
  d <- d[complete.cases(d[, c("ai", "n1i", "ci", "n2i")]), c("ai", "n1i", "ci", "n2i")]
  out <- list(e1 = d$ai, n1 = d$n1i, e2 = d$ci, n2 = d$n2i)
  for (m in c("RR", "OR", "RD")) {
    e <- single(d, m)
    y <- e$yi[e$used]; v <- e$vi[e$used]; w <- 1 / v; df <- length(y) - 1
    mh <- fixed(d, m, e)
    q <- sum(w * (y - mh$estimate)^2)
    tau2 <- max(0, (q - df) / (sum(w) - sum(w^2) / sum(w)))
    r <- rma(y, v, tau2 = tau2)
    p <- predict(r)
    out[[m]] <- list(
      fixed = c(mh, q = q), k = length(y), tau2 = tau2, estimate = as.numeric(r$beta), se = r$se,
      ci_low = r$ci.lb, ci_high = r$ci.ub, statistic = r$zval, p_value = r$pval,
      q_p = pchisq(q, df, lower.tail = FALSE), i2 = max(0, 100 * (q - df) / q),
      weights = as.numeric(weights(r)) / 100)
  }
  out
}
made_up <- data.frame(ai = c(0, 0, 3, 1, 10, 2, 0), n1i = c(40, 60, 20, 30, 25, 50, 15),
                      ci = c(0, 2, 0, 4, 12, 5, 0), n2i = c(10, 55, 22, 28, 25, 45, 30))
smd <- function(m1, sd1, n1, m2, sd2, n2) {
  e <- escalc("SMD", m1i = m1, sd1i = sd1, n1i = n1, m2i = m2, sd2i = sd2, n2i = n2, vtype = "LS")
  n <- n1 + n2; d <- (m1 - m2) / sqrt(((n1 - 1) * sd1^2 + (n2 - 1) * sd2^2) / (n - 2))
  g <- d * (1 - 3 / (4 * n - 9))
  list(m1 = m1, sd1 = sd1, n1 = n1, m2 = m2, sd2 = sd2, n2 = n2, yi = g,
       vi = n / (n1 * n2) + g^2 / (2 * (n - 3.94)), exact = as.numeric(e$yi))
}
norm <- dat.normand1999
writeLines(toJSON(list(
  made_with = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                   metadat = as.character(packageVersion("metadat"))),
  tables = list(nielweise2007 = case(dat.nielweise2007), li2007 = case(dat.li2007),
                hine1989 = case(dat.hine1989), linde2005 = case(dat.linde2005),
                made_up = case(made_up)),
  smd = with(norm, smd(m1i, sd1i, n1i, m2i, sd2i, n2i))),
  digits = 17, auto_unbox = TRUE, null = "null", na = "null", pretty = TRUE), "cochrane.json")
