# Daily readings of New York, May to September 1973 (153 days), which R ships as datasets::airquality.
# Ozone is forecast from sun, wind and temperature; a month is always forecast by models fitted on the other months.
cores <- as.integer(commandArgs(trailingOnly = TRUE)[1])
days <- na.omit(airquality)
days$cube <- days$Ozone^(1 / 3)
resamples <- 400

forecast <- function(month) {
  seen <- days[days$Month != month, ]
  unseen <- days[days$Month == month, ]
  drawn <- vapply(seq_len(resamples), function(i) {
    sample_rows <- seen[sample(nrow(seen), replace = TRUE), ]
    fit <- lm(cube ~ poly(Temp, 2) + log(Wind) + Solar.R, data = sample_rows)
    residual <- sample(resid(fit), nrow(unseen), replace = TRUE)
    pmax(0, predict(fit, unseen) + residual)^3
  }, numeric(nrow(unseen)))
  data.frame(
    Month = unseen$Month, Day = unseen$Day, Ozone = unseen$Ozone,
    low = apply(drawn, 1, quantile, 0.1), middle = apply(drawn, 1, median), high = apply(drawn, 1, quantile, 0.9)
  )
}

RNGkind("L'Ecuyer-CMRG")
set.seed(1973)
all <- do.call(rbind, parallel::mclapply(unique(days$Month), forecast, mc.cores = cores))
write.csv(all, "forecast.csv", row.names = FALSE)

covered <- mean(all$Ozone >= all$low & all$Ozone <= all$high)
error <- median(abs(all$Ozone - all$middle))
naive <- median(abs(days$Ozone - median(days$Ozone)))
cat(sprintf("days forecast: %d\n", nrow(all)))
cat(sprintf("median error: %.1f ppb (without a model %.1f ppb)\n", error, naive))
cat(sprintf("inside the 80 %% range: %.0f %%\n", 100 * covered))

pdf("forecast.pdf", width = 9, height = 4)
x <- seq_len(nrow(all))
plot(x, all$Ozone, pch = 19, cex = 0.5, xlab = "day (May to September 1973)", ylab = "ozone, ppb", ylim = c(0, 180))
polygon(c(x, rev(x)), c(all$low, rev(all$high)), col = "#0b728533", border = NA)
lines(x, all$middle, col = "#0b7285")
invisible(dev.off())
