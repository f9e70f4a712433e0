# Writes the files of R, Stata and SPSS, R's own text files, and metafor's answers (answers.json).
# Run from this folder:  Rscript make.R
# Needs metafor (3.8-1 was used), haven and jsonlite. The tests need no R.
suppressPackageStartupMessages({library(metafor); library(haven); library(jsonlite)})
trials <- data.frame(
  study = c("Alder 2016", "Birch 2018", "C\u00e9dre 2019", "Dogwood 2021", "Elder 2022"),
  m1 = c(31.2, 28.4, 40.1, 35.5, 22.9), sd1 = c(12.5, 14.1, 16.2, 11.8, 13.3),
  n1 = c(25, 41, 18, 60, 33),
  m2 = c(38.9, 33.0, 42.7, 44.1, 31.4), sd2 = c(13.0, 15.4, 15.1, 12.6, 12.2),
  n2 = c(24, 39, 20, 58, 31),
  e1 = c(4, 9, 3, 12, 5), e2 = c(7, 14, 2, 21, 9), stringsAsFactors = FALSE)
means <- trials[, c("study", "m1", "sd1", "n1", "m2", "sd2", "n2")]
names(means) <- c("study", "m1i", "sd1i", "n1i", "m2i", "sd2i", "n2i")
events <- data.frame(study = trials$study, ai = trials$e1, bi = trials$n1 - trials$e1,
                     ci = trials$e2, di = trials$n2 - trials$e2)
write.csv(means, "r-write-csv.csv", fileEncoding = "UTF-8")
write.csv2(means, "r-write-csv2.csv", row.names = FALSE, fileEncoding = "UTF-8")
saveRDS(means, "means.rds")
md <- escalc("MD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i,
             data = means, slab = study)
saveRDS(md, "escalc.rds")
save(means, events, file = "both.rda")
write_dta(means, "means.dta")
write_sav(events, "events.sav")

answer <- function(es) {
  r <- rma(yi, vi, data = es, method = "REML", test = "adhoc",
           control = list(threshold = 1e-14, maxiter = 10000))
  list(yi = as.numeric(es$yi), vi = as.numeric(es$vi), estimate = as.numeric(r$beta),
       se = r$se, ci_low = r$ci.lb, ci_high = r$ci.ub, tau2 = r$tau2)
}
smd <- escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i,
              data = means)
out <- list(MD = answer(md), SMD = answer(smd),
            RR = answer(escalc("RR", ai = ai, bi = bi, ci = ci, di = di, data = events)),
            OR = answer(escalc("OR", ai = ai, bi = bi, ci = ci, di = di, data = events)))
write_json(c(list(metafor = as.character(packageVersion("metafor"))), out), "answers.json",
           digits = 15, auto_unbox = TRUE, pretty = TRUE)
