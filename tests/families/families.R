# What metafor says of the made-up tables beside this file: Rscript families.R > metafor.json
suppressMessages(library(metafor))
control <- list(threshold = 1e-12, maxiter = 1000)
pool <- function(y, v) answer(rma(y, v, test = "adhoc", control = control))
answer <- function(r) c(r$beta, r$ci.lb, r$ci.ub, r$tau2)
interval <- read.csv("drug/interval.csv", check.names = FALSE)
logs <- read.csv("drug/logs.csv", check.names = FALSE)
y <- log(interval$HR)
v <- ((log(interval[["95% CI upper"]]) - log(interval[["95% CI lower"]])) / (2 * qnorm(0.975)))^2
surveys <- read.csv("prevalence/surveys.csv")
animals <- with(read.csv("animals/experiments.csv"), escalc(
  "SMD", m1i = mean_drug, sd1i = sd_drug, n1i = n_drug, m2i = mean_vehicle, sd2i = sd_vehicle,
  n2i = n_vehicle))
answers <- list(
  "drug/interval.csv" = pool(y, v), "drug/logs.csv" = pool(logs[["log HR"]], logs$SE^2),
  drug = pool(c(y, logs[["log HR"]]), c(v, logs$SE^2)),
  prevalence = answer(rma.glmm(measure = "PLO", xi = cases, ni = people, test = "t",
                               data = surveys)),
  "animals/experiments.csv" = pool(animals$yi, animals$vi))
numbers <- function(x) paste(sprintf("%.12g", x), collapse = ", ")
lines <- sprintf('  "%s": [%s]', names(answers), sapply(answers, numbers))
each <- sprintf('"%s": %.12g', c("finch", "grouse", "heron", "ibis"), animals$yi)
lines <- c(lines, sprintf('  "experiments": {%s}', paste(each, collapse = ", ")))
cat("{\n", paste(lines, collapse = ",\n"), "\n}\n", sep = "")
