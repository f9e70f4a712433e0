# Writes models.json: inputs and answers of metafor and clubSandwich, against which
# tests/test_regression.py, test_influence.py and test_dependence.py compare the engine.
# Run from this folder:  Rscript models.R
# Needs metafor (3.8-1 was used), metadat, clubSandwich, lme4, numDeriv and jsonlite. The tests need
# no R. Where an optimiser of metafor stops early, the likelihood is written out here by its formula
# with dense matrices and maximised by root search: an independent judge.
suppressPackageStartupMessages({
  library(metafor); library(metadat); library(clubSandwich); library(jsonlite)})

num <- function(x) if (length(x) == 0) NULL else unname(as.numeric(x))

# The threshold is absolute: where rounding keeps the steps above it, the next larger serves.
fit <- function(yi, vi, X, method, test, ...) {
  for (threshold in c(1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10)) {
    control <- if (method == "PM") list(tol = 1e-14, tau2.max = 1e6) else
      if (method %in% c("REML", "ML", "EB")) list(threshold = threshold, maxiter = 10000) else
        list()
    r <- try(if (is.null(X)) rma(yi, vi, method = method, test = test, control = control) else
      rma(yi, vi, mods = X, method = method, test = test, control = control, ...), silent = TRUE)
    if (!inherits(r, "try-error")) return(r)
  }
  stop(r)
}

# ---------------------------------------------------------------- meta-regression
answer <- function(r, new) {
  p <- if (is.null(new)) NULL else predict(r, newmods = new)
  list(tau2 = num(r$tau2), coefficients = num(r$beta), ses = num(r$se), statistics = num(r$zval),
       p_values = num(r$pval), ci_low = num(r$ci.lb), ci_high = num(r$ci.ub), omnibus = num(r$QM),
       omnibus_p = num(r$QMp), qe = num(r$QE), qe_p = num(r$QEp), i2 = num(r$I2), h2 = num(r$H2),
       r2 = num(r$R2), covariance = unname(r$vb),
       predictions = if (!is.null(p)) list(
         estimate = num(p$pred), se = num(p$se), ci_low = num(p$ci.lb), ci_high = num(p$ci.ub),
         pi_low = num(p$pi.lb), pi_high = num(p$pi.ub)))
}
regression <- function(yi, vi, X, new, intercept = TRUE) {
  yi <- num(yi); vi <- num(vi); X <- unname(as.matrix(X)); out <- list()
  for (m in c("REML", "ML", "DL", "PM", "EB", "HE", "SJ", "HS"))
    for (t in c("z", "t", "knha", "adhoc"))
      if (t == "knha" || m %in% c("REML", "DL"))
        out[[paste(m, t)]] <- answer(fit(yi, vi, X, m, t, intercept = intercept), new)
  out[["EE z"]] <- answer(fit(yi, vi, X, "EE", "z", intercept = intercept), new)
  dl <- fit(yi, vi, X, "DL", "z", intercept = intercept)
  ci <- confint(dl, control = list(tau2.max = 1e6, tol = 1e-14, maxiter = 100000))$random[1, 2:3]
  list(yi = yi, vi = vi, x = X, new = new, intercept = intercept, fits = out,
       tau2_interval = num(ci))
}
bcg <- escalc("RR", ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
bd <- dat.bangertdrowns2004
bd <- bd[complete.cases(bd[, c("length", "wic", "imag", "yi", "vi")]), ]
alloc <- 1 * cbind(bcg$alloc == "random", bcg$alloc == "systematic")
cells <- 1 * cbind(bcg$alloc == "alternate", bcg$alloc == "random", bcg$alloc == "systematic")
zero <- list(yi = c(0.31, 0.22, 0.14, 0.05, -0.02, -0.11), vi = c(0.1, 0.2, 0.15, 0.3, 0.12, 0.09))
giant <- list(yi = c(0.1, 0.9, -0.4, 1.3, 0.5, -0.8), vi = c(1e-5, 0.1, 0.2, 0.15, 0.3, 0.1))
regressions <- list(
  bcg = regression(bcg$yi, bcg$vi, cbind(bcg$ablat, bcg$year), rbind(c(33, 1970), c(50, 1950))),
  bcg_one = regression(bcg$yi, bcg$vi, bcg$ablat, rbind(c(10), c(60))),
  bcg_alloc = regression(bcg$yi, bcg$vi, alloc, rbind(c(0, 0), c(1, 0))),
  bcg_cells = regression(bcg$yi, bcg$vi, cells, NULL, FALSE),
  bangert = regression(bd$yi, bd$vi, bd[, c("length", "wic", "imag")],
                       rbind(c(15, 1, 0), c(4, 0, 1))),
  zero = regression(zero$yi, zero$vi, 1:6, rbind(c(2.5), c(9))),
  giant = regression(giant$yi, giant$vi, 1:6, rbind(c(2.5), c(9))))

# ---------------------------------------------------------------- subgroups
subgroup <- function(test) {
  one <- fit(bcg$yi, bcg$vi, cells, "REML", test, intercept = FALSE)
  two <- fit(bcg$yi, bcg$vi, alloc, "REML", test)
  own <- lapply(c("alternate", "random", "systematic"), function(g) {
    s <- bcg[bcg$alloc == g, ]
    rma(yi, vi, data = s, test = test, control = list(threshold = 1e-14, maxiter = 10000)) })
  est <- sapply(own, function(r) num(r$beta)); se <- sapply(own, function(r) num(r$se))
  fe <- rma(est, sei = se, method = "EE")
  list(common = list(estimate = num(one$beta), se = num(one$se), p_value = num(one$pval),
                     statistic = two$QM, test_p = two$QMp, tau2 = one$tau2),
       separate = list(estimate = est, se = se, tau2 = sapply(own, function(r) r$tau2),
                       p_value = sapply(own, function(r) num(r$pval)), statistic = fe$QE,
                       test_p = fe$QEp))
}
tests <- c("z", "t", "knha", "adhoc")
subgroups <- list(yi = num(bcg$yi), vi = num(bcg$vi), groups = bcg$alloc,
                  tests = setNames(lapply(tests, subgroup), tests))

# ---------------------------------------------------------------- influence
diagnose <- function(yi, vi, X, method, test) {
  # A fit without one study may need a larger threshold than the fit of all.
  for (threshold in c(1e-14, 1e-13, 1e-12, 1e-11, 1e-10)) {
    control <- if (method == "REML") list(threshold = threshold, maxiter = 10000) else list()
    i <- suppressWarnings(influence(if (is.null(X)) rma(num(yi), num(vi), method = method,
      test = test, control = control) else rma(num(yi), num(vi), mods = X, method = method,
      test = test, control = control)))
    if (!anyNA(i$inf$tau2.del)) break
  }
  list(rstudent = num(i$inf$rstudent), dffits = num(i$inf$dffits), cook = num(i$inf$cook.d),
       cov_ratio = num(i$inf$cov.r), tau2 = num(i$inf$tau2.del), qe = num(i$inf$QE.del),
       hat = num(i$inf$hat), weights = num(i$inf$weight),
       dfbetas = unname(as.matrix(as.data.frame(i$dfbs))), influential = unname(i$is.infl))
}
norm <- with(dat.normand1999, escalc("SMD", m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i,
                                     sd2i = sd2i, n2i = n2i))
influences <- list()
for (case in list(list("bcg", bcg$yi, bcg$vi, NULL), list("normand", norm$yi, norm$vi, NULL),
                  list("bcg_x", bcg$yi, bcg$vi, cbind(bcg$ablat, bcg$year)))) {
  fits <- list()
  for (m in c("REML", "DL")) for (t in c("z", "knha"))
    fits[[paste(m, t)]] <- diagnose(case[[2]], case[[3]], case[[4]], m, t)
  influences[[case[[1]]]] <- list(yi = num(case[[2]]), vi = num(case[[3]]), x = case[[4]],
                                  fits = fits)
}

# ---------------------------------------------------------------- REML by its formula
parts <- function(theta, y, X, V0, Vs) {
  V <- V0; for (a in seq_along(Vs)) V <- V + theta[a] * Vs[[a]]
  W <- chol2inv(chol(V)); XWX <- t(X) %*% W %*% X
  P <- W - W %*% X %*% solve(XWX) %*% t(X) %*% W
  Py <- P %*% y
  list(ll = -0.5 * (determinant(V)$modulus + determinant(XWX)$modulus + sum(y * Py)),
       score = sapply(Vs, function(Va) 0.5 * (sum(Py * (Va %*% Py)) - sum(P * Va))),
       beta = solve(XWX, t(X) %*% W %*% y), vb = solve(XWX))
}
# Maximum over one variance, the others held: grid, then root of the score.
climb <- function(f, top) {
  grid <- c(0, exp(seq(log(top * 1e-7), log(top), length.out = 60)))
  s <- vapply(grid, function(t) f(t)$score, 0)
  peaks <- if (s[1] <= 0) 0 else numeric()
  for (i in which(s[-61] > 0 & s[-1] <= 0)) peaks <- c(peaks, uniroot(
    function(t) f(t)$score, grid[c(i, i + 1)], tol = 1e-300, maxiter = 10000)$root)
  ll <- vapply(peaks, function(t) as.numeric(f(t)$ll), 0)
  peaks[which.max(ll)]
}
judge <- function(y, X, V0, Vs, top) {
  if (length(Vs) == 1) {
    one <- climb(function(t) { p <- parts(t, y, X, V0, Vs); list(ll = p$ll, score = p$score) }, top)
    return(list(theta = one, at = parts(one, y, X, V0, Vs)))
  }
  inner <- function(held, a) {
    set <- function(t) if (a == 1) c(held, t) else c(t, held)
    t <- climb(function(t) { p <- parts(set(t), y, X, V0, Vs)
      list(ll = p$ll, score = p$score[3 - a]) }, top)
    c(list(theta = set(t)), parts(set(t), y, X, V0, Vs))
  }
  best <- climb(function(t) { p <- inner(t, 1); list(ll = p$ll, score = p$score[1]) }, top)
  at <- inner(best, 1)
  target <- at$ll - qchisq(0.95, 1) / 2
  ends <- lapply(1:2, function(a) {
    g <- function(t) as.numeric(inner(t, a)$ll - target)
    b <- at$theta[a]
    c(if (b == 0 || g(0) >= 0) 0 else uniroot(g, c(0, b), tol = 1e-13)$root,
      uniroot(g, c(b, top), tol = 1e-13)$root)
  })
  list(theta = at$theta, at = at, ends = ends)
}

# ---------------------------------------------------------------- three levels, robust, aggregate
nested <- function(yi, vi, cluster, top) {
  yi <- num(yi); vi <- num(vi); id <- seq_along(yi); cluster <- as.character(cluster)
  r <- rma.mv(yi, vi, random = ~ 1 | cluster / id, test = "t")
  Z <- 1 * outer(cluster, cluster, "==")
  j <- judge(yi, matrix(1, length(yi)), diag(vi), list(Z, diag(length(yi))), top)
  exact <- rma.mv(yi, vi, random = ~ 1 | cluster / id, test = "t", sigma2 = j$theta)
  normal <- rma.mv(yi, vi, random = ~ 1 | cluster / id, sigma2 = j$theta)
  p <- predict(exact); u <- fit(yi, vi, NULL, "REML", "z")
  satt <- function(x) list(se = num(x$SE), df = num(x$df_Satt), p = num(x$p_Satt))
  crs <- list(random = satt(coef_test(u, vcov = "CR2", cluster = cluster)),
              three_level = satt(coef_test(exact, vcov = "CR2", cluster = cluster)))
  rb <- do.call(robust, list(u, cluster = cluster)); ee <- rma(yi, vi, method = "EE")
  crs$cr1 <- list(se = num(rb$se), df = num(rb$dfs), p = num(rb$pval))
  crs$common <- satt(coef_test(ee, vcov = "CR2", cluster = cluster))
  e <- escalc(yi = yi, vi = vi, data = data.frame(yi, vi, cl = factor(cluster, unique(cluster))))
  ag <- function(rho, weighted) {
    a <- aggregate(e, cluster = cl, rho = rho, weighted = weighted)
    list(yi = num(a$yi), vi = num(a$vi)) }
  list(yi = yi, vi = vi, cluster = cluster, metafor = num(r$sigma2), sigma2 = num(j$theta),
       between = j$ends[[1]], within = j$ends[[2]], estimate = num(exact$beta), se = num(exact$se),
       ci_low = num(exact$ci.lb), ci_high = num(exact$ci.ub), p_value = num(exact$pval),
       log_likelihood = num(logLik(exact)), q = num(exact$QE), q_p = num(exact$QEp),
       pi_low = num(p$pi.lb), pi_high = num(p$pi.ub), normal_p = num(normal$pval),
       robust = crs, aggregate = list(a = ag(0.6, TRUE), b = ag(0.6, FALSE), c = ag(0, TRUE)))
}
kon <- dat.konstantopoulos2011
ass <- dat.assink2016
flat <- list(yi = c(0.1, 0.15, 0.12, 0.4, 0.35, 0.8, 0.7, 0.75, 0.2),
             vi = c(0.1, 0.2, 0.15, 0.1, 0.12, 0.1, 0.2, 0.1, 0.2) / 8,
             cluster = c("a", "a", "a", "b", "b", "c", "c", "c", "d"))
dependent <- list(konstantopoulos = nested(kon$yi, kon$vi, kon$district, 5),
                  assink = nested(ass$yi, ass$vi, ass$study, 5),
                  flat = nested(flat$yi, flat$vi, flat$cluster, 5))
# A giant study inside a cluster: its own residual variance is a difference of nearly equal numbers.
large <- list(yi = c(0.1, 2, -1, 0.7, 1.1, 0.3, 0.9, -0.5),
              vi = c(1e-9, 0.5, 0.3, 1, 4, 0.2, 0.6, 0.1),
              cluster = c("d", "c", "b", "a", "d", "c", "b", "a"))
large$common <- with(large, coef_test(rma(yi, vi, method = "EE"), vcov = "CR2", cluster = cluster))
large$common <- list(se = num(large$common$SE), df = num(large$common$df_Satt))
year <- fit(num(kon$yi), num(kon$vi), kon$year, "DL", "z")
x <- coef_test(year, vcov = "CR2", cluster = kon$district)
rx <- do.call(robust, list(year, cluster = kon$district))
moderated <- list(x = kon$year, coefficients = num(year$beta), se = num(x$SE), df = num(x$df_Satt),
                  covariance = unname(as.matrix(vcovCR(year, kon$district, "CR2")))[1:2, 1:2],
                  cr1_se = num(rx$se), cr1_df = num(rx$dfs))

# Mean differences of three arms against one control, all with SD 8: vcalc() gives SD^2/n.
n <- c(20, 30, 25); v <- 64 / n + 64 / 40
shared <- list(n = n, vi = v, covariance = unname(as.matrix(vcalc(
  v, cluster = rep(1, 3), grp1 = 1:3, grp2 = rep(9, 3), w1 = n, w2 = rep(40, 3)))))

# ---------------------------------------------------------------- dose-response in one stage
dose <- c(1, 10, 100, 2, 20, 5, 50, 100, 10, 1, 40)
study <- c("a", "a", "a", "b", "b", "c", "c", "c", "d", "e", "e")
yi <- c(1.1, 2.3, 4.9, 0.2, 1.7, 2.6, 2.9, 5.3, 1.4, -0.3, 3.8)
own <- c(0.5, 0.6, 0.4, 0.7, 0.5, 0.3, 0.4, 0.5, 0.6, 0.8, 0.4)
control <- c(a = 0.3, b = 0.2, c = 0.25, d = 0.3, e = 0.35)
V <- outer(study, study, "==") * control[study]
diag(V) <- diag(V) + own
V <- unname(V); lx <- log(dose)
free <- judge(yi, cbind(1, lx), V, list(1 * outer(study, study, "==")), 500)
mv <- rma.mv(yi, V, mods = ~ lx, random = ~ 1 | study)
through <- judge(yi, cbind(dose), V, list(outer(study, study, "==") * outer(dose, dose)), 5)
slopes <- sapply(c("a", "b", "c", "e"), function(s) { i <- study == s
  r <- rma.mv(yi[i], V[i, i], mods = ~ lx[i]); c(r$beta[2], r$se[2]) })
pooled <- rma(slopes[1, ], sei = slopes[2, ], test = "knha",
              control = list(threshold = 1e-14, maxiter = 10000))
doses <- list(yi = yi, dose = dose, study = study, own = own, control = as.list(control),
  free = list(tau2 = free$theta, beta = num(free$at$beta), se = num(sqrt(diag(free$at$vb))),
              metafor_tau2 = num(mv$sigma2), metafor_beta = num(mv$beta)),
  through = list(tau2 = through$theta, beta = num(through$at$beta),
                 se = num(sqrt(through$at$vb))),
  two = list(slopes = unname(slopes[1, ]), ses = unname(slopes[2, ]), tau2 = pooled$tau2,
             slope = num(pooled$beta), se = num(pooled$se)))

# ---------------------------------------------------------------- proportions
logistic <- function(xi, ni) {
  r <- suppressWarnings(rma.glmm(measure = "PLO", xi = xi, ni = ni, nAGQ = 40))
  minus <- function(par) -sum(mapply(function(x, n) {
    g <- function(u) x * (par[1] + par[2] * u) - n * log1p(exp(par[1] + par[2] * u)) - u^2 / 2
    m <- optimize(g, c(-12, 12), maximum = TRUE, tol = 1e-10)$maximum
    g(m) + log(integrate(function(u) exp(g(u) - g(m)), m - 12, m + 12, rel.tol = 1e-12,
                         subdivisions = 2000)$value) + lchoose(n, x) - log(2 * pi) / 2
  }, xi, ni))
  o <- optim(c(num(r$beta), sqrt(r$tau2)), minus, method = "BFGS",
             control = list(reltol = 1e-16, maxit = 1000))
  for (i in 1:4) o$par <- o$par - solve(numDeriv::hessian(minus, o$par),
                                        numDeriv::grad(minus, o$par))
  h <- solve(numDeriv::hessian(minus, o$par))
  list(events = xi, totals = ni, metafor = list(estimate = num(r$beta), se = num(r$se),
       tau2 = r$tau2, q = r$QE.LRT, q_p = r$QEp.LRT),
       judge = list(estimate = o$par[1], tau2 = o$par[2]^2, se = sqrt(h[1, 1]),
                    log_likelihood = -minus(o$par)))
}
proportions <- list(pritz1997 = with(dat.pritz1997, logistic(xi, ni)),
                    debruin2009 = with(dat.debruin2009, logistic(xi, ni)))

writeLines(toJSON(list(
  made_with = list(R = R.version.string, metafor = as.character(packageVersion("metafor")),
                   metadat = as.character(packageVersion("metadat")),
                   clubSandwich = as.character(packageVersion("clubSandwich"))),
  regressions = regressions, subgroups = subgroups, influences = influences, dependent = dependent,
  moderated = moderated, large = large, shared = shared, doses = doses, proportions = proportions),
  digits = 17, auto_unbox = TRUE, null = "null", na = "null", matrix = "rowmajor"), "models.json")
