# Participants that one trial would need, by R's own functions: power.prop.test for risks, the
# normal formula and (for the order of size) power.t.test for means.
# Rscript tests/reference/information.R > tests/reference/information.json
options(digits = 15)
risks <- expand.grid(risk = c(0.01, 0.1, 0.26, 0.5, 0.9, 1), reduction = c(0.2, 0.25, 0.5),
                     alpha = c(0.05, 0.01), power = c(0.8, 0.9))
risks$size <- mapply(function(risk, reduction, alpha, power)
  2 * power.prop.test(p1 = risk, p2 = risk * (1 - reduction), sig.level = alpha, power = power,
                      tol = 1e-14)$n, risks$risk, risks$reduction, risks$alpha, risks$power)
means <- expand.grid(difference = c(2, -8, 17.5), sd = c(9, 25), alpha = c(0.05, 0.01),
                     power = c(0.8, 0.9))
means$size <- with(means, 4 * ((qnorm(1 - alpha / 2) + qnorm(power)) * sd / difference)^2)
means$by_t <- mapply(function(difference, sd, alpha, power)
  2 * power.t.test(delta = abs(difference), sd = sd, sig.level = alpha, power = power)$n,
  means$difference, means$sd, means$alpha, means$power)
row <- function(data) paste0("  {", apply(data, 1, function(r) paste0(
  '"', names(r), '": ', format(r, digits = 15, trim = TRUE), collapse = ", ")), "}",
  collapse = ",\n")
cat('{"risks": [\n', row(risks), '\n], "means": [\n', row(means), "\n]}\n", sep = "")
