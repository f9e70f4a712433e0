# Times of metafor for bench.py: reads ragged sets (set, yi, vi), prints "name seconds" lines.
# rma() stops by its default tolerance; predict() gives the prediction interval.
suppressMessages(library(metafor))
arguments <- commandArgs(trailingOnly = TRUE)
read_sets <- function(file) {
  table <- read.csv(file)
  split(table[c("yi", "vi")], table$set)
}
one <- function(set) {
  fit <- tryCatch(rma(set$yi, set$vi, method = "REML", test = "knha"), error = function(e) NULL)
  if (!is.null(fit)) predict(fit)
}
per_set <- function(sets) system.time(for (set in sets) suppressWarnings(one(set)))[["elapsed"]] / length(sets)
equal <- read_sets(arguments[1])
ragged <- read_sets(arguments[2])
invisible(lapply(equal[1:20], one))
cat("version", as.character(packageVersion("metafor")), "\n")
cat("equal", per_set(equal), "\n")
cat("ragged", per_set(ragged), "\n")
fit <- rma(equal[[1]]$yi, equal[[1]]$vi, method = "REML", test = "knha")
cat("leave_one_out", system.time(for (i in 1:10) suppressWarnings(leave1out(fit)))[["elapsed"]] / 10, "\n")
