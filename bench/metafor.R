# CPU times and answers of metafor for bench.py: reads ragged sets (set, yi, vi), prints lines of a
# name and numbers. rma() stops by its default tolerance; predict() gives the prediction interval.
suppressMessages(library(metafor))
arguments <- commandArgs(trailingOnly = TRUE)
read_sets <- function(file) {
  table <- read.csv(file)
  split(table[c("yi", "vi")], table$set)
}
one <- function(set) {
  fit <- tryCatch(rma(set$yi, set$vi, method = "REML", test = "knha"), error = function(e) NULL)
  if (!is.null(fit)) predict(fit)
  fit
}
cpu <- function(call) sum(system.time(suppressWarnings(call))[1:2])
per_set <- function(sets) cpu(for (set in sets) one(set)) / length(sets)
equal <- read_sets(arguments[1])
ragged <- read_sets(arguments[2])
invisible(lapply(equal[1:20], function(set) suppressWarnings(one(set))))
cat("equal", per_set(equal), "\n")
cat("ragged", per_set(ragged), "\n")
fits <- suppressWarnings(lapply(equal, one))
part <- function(name) vapply(fits, function(fit) if (is.null(fit)) NA else as.numeric(fit[[name]]), 0)
cat("tau2", format(part("tau2"), digits = 17), "\n")
cat("estimate", format(part("beta"), digits = 17), "\n")
first <- Filter(Negate(is.null), fits)[[1]]
cat("leave_one_out", cpu(for (i in 1:5) leave1out(first)) / 5, "\n")
