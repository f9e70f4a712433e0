# Metafor for bench.py, in one process: each line of standard input names a task and a file of ragged
# sets (set, yi, vi). What comes back is a line of the seconds of CPU, one of τ² and one of estimates.
# rma() stops by its default tolerance; predict() gives the prediction interval.
suppressMessages(library(metafor))
read_sets <- function(file) {
  table <- read.csv(file)
  split(table[c("yi", "vi")], table$set)
}
one <- function(set) {
  fit <- tryCatch(rma(set$yi, set$vi, method = "REML", test = "knha"), error = function(e) NULL)
  if (!is.null(fit)) predict(fit)
  fit
}
part <- function(fits, name)
  vapply(fits, function(fit) if (is.null(fit)) NA else as.numeric(fit[[name]]), 0)
cpu <- function(call) sum(system.time(suppressWarnings(call))[1:2])
said <- function(...) cat(format(c(...), digits = 17), "\n")
input <- file("stdin", "r")
while (length(line <- readLines(input, 1))) {
  asked <- strsplit(line, "\t")[[1]]
  sets <- read_sets(asked[2])
  if (asked[1] == "leave-one-out") {
    fits <- list(one(sets[[1]]))
    seconds <- cpu(for (i in 1:5) leave1out(fits[[1]])) / 5
  } else {
    seconds <- cpu(fits <- lapply(sets, one))
  }
  said(seconds)
  said(part(fits, "tau2"))
  said(part(fits, "beta"))
  flush(stdout())
}
