# Estimates of the reviews in this folder, by metafor from their rows; typed into their files.
library(metafor)

show <- function(name, fit, back = identity)
  cat(name, format(back(c(fit$beta[1], fit$ci.lb, fit$ci.ub)), digits = 10), "\n")

show("1.1", rma.mh(ai = c(4, 0, 9), n1i = c(25, 18, 40), ci = c(7, 2, 8), n2i = c(24, 20, 41),
                   measure = "RR", add = c(.5, .5), to = c("only0", "only0")), exp)
y <- c(-7.7, -1.9, -16.9, -4.5)
v <- c(12.5, 11, 15.2, 9)^2 / c(25, 18, 40, 15) + c(13, 10.5, 14.1, 12.2)^2 / c(24, 20, 41, 14)
show("1.2", rma(y, v, method = "DL"))
show("1.2 Early, also older.rm5 1.2", rma(y[1:2], v[1:2], method = "DL"))
show("1.2 Late", rma(y[3:4], v[3:4], method = "DL"))
show("1.3", rma(c(8.5, .5, 11.4), c(14, 12.1, 13.3)^2 / c(25, 18, 40) +
                c(15.5, 11.7, 16)^2 / c(24, 20, 41), method = "REML", test = "knha"))
show("2.1", rma(c(-.31, .12), sei = c(.22, .3), method = "EE"), exp)
show("2.2", rma(c(-.53, .52) / c(.72, .73), 1 / c(.72, .73), method = "EE"), exp)
show("2.3", rma.peto(ai = c(3, 6), n1i = c(25, 40), ci = c(1, 2), n2i = c(24, 41)), exp)
show("older.rm5 1.1", rma.mh(ai = c(25 - 20, 18 - 11), n1i = c(25, 18), ci = c(24 - 14, 20 - 13),
                             n2i = c(24, 20), measure = "RR"), exp)
