# Writes network.json: arms of the network data sets of metadat and answers of metafor's rma.mv with
# the full covariance, against which tests/test_network.py compares the engine.
# Run from this folder:  Rscript network.R
# Needs metafor (3.8-1 was used), metadat and jsonlite. The tests need no R. rma.mv's optimiser stops
# early, so that tau2 is the root of the restricted score, written out with dense matrices; rma.mv is
# then asked at that tau2, and its own optimum must have no higher likelihood.
suppressPackageStartupMessages({library(metafor); library(metadat); library(jsonlite)})

num <- function(x) unname(as.numeric(x))
arms <- function(study, treatment, n, ...) {
  d <- data.frame(study = as.character(study), treatment = as.character(treatment), n = n, ...)
  d[complete.cases(d), ]
}
# Columns of a wide table, one arm after the other.
longer <- function(study, treat, ...) {
  columns <- list(...)
  do.call(rbind, lapply(seq_along(treat), function(i)
    cbind(study = as.character(study), treatment = as.character(treat[[i]]),
          as.data.frame(lapply(columns, `[[`, i)))))
}
l15 <- longer(dat.linde2015$id,
              dat.linde2015[c("treatment1", "treatment2", "treatment3")],
              n = dat.linde2015[c("n1", "n2", "n3")],
              events = dat.linde2015[c("resp1", "resp2", "resp3")])
l15 <- l15[l15$treatment != "", ]
of_means <- function(d) longer(d$study, d[c("t1", "t2", "t3")], n = d[c("n1", "n2", "n3")],
                               mean = d[c("y1", "y2", "y3")], sd = d[c("sd1", "sd2", "sd3")])
stowe <- dat.stowe2010
franchini <- setNames(dat.franchini2012, sub("Treatment", "t", names(dat.franchini2012)))
names(franchini)[1] <- "study"
lopez <- dat.lopez2019
sets <- list(
  senn2013 = list("MD", with(dat.senn2013, arms(study, treatment, ni, mean = mi, sd = sdi))),
  hasselblad1998 = list("OR", with(dat.hasselblad1998, arms(study, trt, ni, events = xi))),
  lopez2019 = list("MD", with(lopez, arms(study, treatment, n, mean = diff, sd = se * sqrt(n)))),
  dong2013 = list("OR", with(dat.dong2013, arms(id, treatment, randomized, events = death))),
  woods2010 = list("OR", with(dat.woods2010, arms(author, treatment, N, events = r))),
  linde2015 = list("OR", with(l15, arms(study, treatment, n, events = events))),
  stowe2010 = list("MD", with(of_means(stowe), arms(study, treatment, n, mean = mean, sd = sd))),
  gurusamy2011 = list("RR", with(dat.gurusamy2011, arms(study, treatment, n, events = death))),
  franchini2012 = list("MD", with(of_means(franchini),
                                  arms(study, treatment, n, mean = mean, sd = sd))),
  baker2009 = list("RD", with(dat.baker2009, arms(id, treatment, total, events = exac))))

# Arms of one study with one treatment, merged by the sums of squares.
merged <- function(d) {
  key <- paste(d$study, d$treatment, sep = "\r")
  do.call(rbind, lapply(unique(key), function(k) {
    s <- d[key == k, ]; out <- s[1, ]; out$n <- sum(s$n)
    if (!is.null(s$events)) out$events <- sum(s$events)
    if (!is.null(s$mean)) {
      out$mean <- weighted.mean(s$mean, s$n)
      out$sd <- sqrt((sum((s$n - 1) * s$sd^2) + sum(s$n * (s$mean - out$mean)^2)) / (out$n - 1))
    }
    out }))
}
# Estimate and variance of each arm of one study; 0.5 where an arm is empty or full.
single <- function(s, measure) {
  if (measure == "MD") return(list(s$mean, s$sd^2 / s$n))
  a <- s$events; b <- s$n - a
  add <- if (any(a == 0 | b == 0)) 0.5 else 0
  x <- a + add; y <- b + add
  switch(measure, OR = list(log(x / y), 1 / x + 1 / y),
         RR = list(log(x / (x + y)), 1 / x - 1 / (x + y)),
         RD = list(a / s$n, x * y / (x + y)^3))
}
contrasts_of <- function(d, measure) {
  d <- merged(d); out <- list()
  for (name in unique(d$study)) {
    s <- d[d$study == name, ]
    if (nrow(s) < 2) next
    if (measure %in% c("OR", "RR") && all(s$events == 0)) next
    e <- single(s, measure); k <- nrow(s)
    out[[name]] <- list(study = rep(name, k - 1), t1 = s$treatment[-1],
                        t2 = rep(s$treatment[1], k - 1), y = e[[1]][-1] - e[[1]][1],
                        V = diag(e[[2]][-1], k - 1) + e[[2]][1])
  }
  out
}

dense <- function(parts, of) do.call(bldiag, lapply(parts, of))
half <- function(p) diag(0.5, length(p$y)) + 0.5
projected <- function(V, X) {
  W <- solve(V); W - W %*% X %*% solve(t(X) %*% W %*% X, t(X) %*% W)
}
# Restricted score and likelihood at tau2, as traces and forms of dense matrices.
score <- function(t, y, V, R, D) {
  P <- projected(V + t * R, D); num(-sum(P * R) + t(y) %*% P %*% R %*% P %*% y)
}
likelihood <- function(t, y, V, R, D) {
  M <- V + t * R; P <- projected(M, D); W <- solve(M)
  num(-0.5 * (determinant(M)$modulus + determinant(t(D) %*% W %*% D)$modulus + t(y) %*% P %*% y))
}
reml <- function(y, V, R, X) {
  if (nrow(X) <= qr(X)$rank) return(NULL)
  grid <- c(0, exp(seq(log(1e-6 * min(diag(V))), log(10 * (var(y) + max(diag(V)))),
                       length.out = 300)))
  ll <- vapply(grid, likelihood, 0, y = y, V = V, R = R, D = X)
  i <- which.max(ll)
  if (i == 1) return(0)
  uniroot(score, grid[c(i - 1, i + 1)], y = y, V = V, R = R, D = X, tol = 1e-300,
          maxiter = 10000)$root
}

answer <- function(measure, d) {
  parts <- contrasts_of(d, measure)
  study <- unlist(lapply(parts, `[[`, "study")); y <- unlist(lapply(parts, `[[`, "y"))
  t1 <- unlist(lapply(parts, `[[`, "t1")); t2 <- unlist(lapply(parts, `[[`, "t2"))
  V <- dense(parts, function(p) p$V); R <- dense(parts, half)
  treatments <- sort(unique(c(t1, t2)), method = "radix")
  full <- sapply(treatments, function(t) (t1 == t) - (t2 == t))
  X <- full[, -1]; row <- factor(seq_along(y))
  rows <- data.frame(row, study)
  at <- function(X, tau2, ...) rma.mv(y, V, mods = X, intercept = FALSE, rho = 1 / 2, data = rows,
                                      random = ~ row | study, tau2 = tau2, ...)
  fitted <- function(r) list(tau2 = r$tau2, coefficients = num(r$beta), ses = num(r$se))
  t_reml <- reml(y, V, R, X)
  free <- at(X, NA)
  stopifnot(likelihood(free$tau2, y, V, R, X) <= likelihood(t_reml, y, V, R, X) + 1e-8)
  P <- projected(V, X); q <- num(t(y) %*% P %*% y); df <- length(y) - ncol(X)
  t_dl <- max(0, (q - df) / sum(P * R))
  common <- at(X, 0); random <- at(X, t_reml)
  # Designs: every set of treatments with effects of its own.
  sets_of <- tapply(seq_along(y), study, function(i)
    paste(sort(unique(c(t1[i], t2[i])), method = "radix"), collapse = " + "))
  design <- num(factor(sets_of[study])); extra <- NULL
  for (g in unique(design)) extra <- cbind(extra, full * (design == g))
  independent <- function(M) M[, qr(M)$pivot[seq_len(qr(M)$rank)], drop = FALSE]
  own <- independent(extra); both <- independent(cbind(X, extra))
  q_within <- if (nrow(own) > ncol(own)) num(t(y) %*% projected(V, own) %*% y) else 0
  t_within <- reml(y, V, R, own)
  test <- NULL
  if (ncol(both) > ncol(X)) {
    r <- at(both, if (is.null(t_within)) 0 else t_within, btt = (ncol(X) + 1):ncol(both))
    test <- list(q = r$QM, df = ncol(both) - ncol(X), p_value = r$QMp, tau2 = t_within)
  }
  # P-scores by their formula; higher is better.
  b <- c(0, num(random$beta)); C <- rbind(0, cbind(0, unname(random$vb)))
  p <- sapply(seq_along(b), function(i) mean(sapply(seq_along(b)[-i], function(j)
    pnorm((b[i] - b[j]) / sqrt(C[i, i] + C[j, j] - 2 * C[i, j])))))
  # Node splitting of every comparison that other trials connect as well.
  splits <- list()
  pairs <- combn(treatments, 2, simplify = FALSE)
  for (pair in pairs) {
    inside <- tapply(seq_along(y), study, function(i) all(pair %in% c(t1[i], t2[i])))
    direct <- unname(inside[study])
    if (!any(direct)) next
    left <- full[!direct, , drop = FALSE]
    target <- (treatments == pair[1]) - (treatments == pair[2])
    if (nrow(left) == 0 || qr(t(rbind(left, target)))$rank > qr(t(left))$rank) next
    code <- function(t) (t == pair[1]) / 2 - (t == pair[2]) / 2
    Z <- cbind(full[, treatments != pair[2]], direct * (code(t1) - code(t2)))
    t_split <- reml(y, V, R, Z)
    r <- at(Z, if (is.null(t_split)) 0 else t_split)
    i <- which(treatments[treatments != pair[2]] == pair[1]); k <- ncol(Z)
    splits[[length(splits) + 1]] <- list(
      treat1 = pair[1], treat2 = pair[2], tau2 = t_split, indirect = num(r$beta[i]),
      indirect_se = r$se[i], difference = num(r$beta[k]), difference_se = r$se[k],
      direct = num(r$beta[i] + r$beta[k]),
      direct_se = sqrt(r$vb[i, i] + r$vb[k, k] + 2 * r$vb[i, k]))
  }
  list(measure = measure, arms = as.list(d), treatments = treatments, k = length(parts),
       reml = fitted(random), dl = fitted(at(X, t_dl)), common = fitted(common),
       log_likelihood_difference = likelihood(t_reml, y, V, R, X) - likelihood(0, y, V, R, X),
       q = q, q_df = df, q_within = q_within, q_within_df = nrow(own) - ncol(own),
       interaction = test, p_scores = p, splits = head(splits, 8))
}
out <- lapply(names(sets), function(n) { message(n); answer(sets[[n]][[1]], sets[[n]][[2]]) })
names(out) <- names(sets)
writeLines(toJSON(out, auto_unbox = TRUE, digits = NA, null = "null"), "network.json")
