# An adapter for backproof, protocol backproof/1, with jsonlite. Your own code goes where it says YOURS.
# Judge it with:  backproof check --command "Rscript --vanilla my_net.R"

HELLO <- paste0( # what your code can do, and no more: backproof list activations (losses, flags, conventions)
  '{"protocol": "backproof/1", "name": "my_net", "version": "1", "language": "R",',
  ' "activations": ["identity", "sigmoid", "tanh"], "losses": ["squared", "log"], "skips": [], "conventions": {}}')

FUNCTIONS <- list(identity = function(z) z, sigmoid = function(z) 1 / (1 + exp(-z)), tanh = tanh)
SLOPES <- list(identity = function(a) 0 * a + 1, sigmoid = function(a) a * (1 - a), tanh = function(a) 1 - a * a)

single <- function(v) { # R has no float32: through its four bytes and back
  v[] <- readBin(writeBin(as.vector(v), raw(), size = 4), "double", length(v), size = 4)
  v
}

run <- function(case) { # YOURS: train as the case says, and show what you have of it
  r <- if (case$dtype == "float32") single else identity # every number has the case's dtype
  every <- seq_along(case$layers)
  w <- lapply(case$layers, function(layer) as_matrix(layer$weights))
  b <- lapply(case$layers, function(layer) unlist(layer$biases)) # NULL where a layer has none
  mask <- lapply(case$layers, function(layer) as_matrix(layer$mask)) # NULL where every edge exists
  names <- sapply(case$layers, function(layer) layer$activation$name)
  records <- sapply(case$batches, function(batch) { # one update for each
    rows <- unlist(batch) + 1
    x <- as_matrix(case$x)[rows, , drop = FALSE]
    y <- as_matrix(case$y)[rows, , drop = FALSE]
    z <- a <- deltas <- by_w <- by_b <- vector("list", length(every))
    for (l in every) {
      bias <- if (is.null(b[[l]])) 0 else rep(b[[l]], each = nrow(x))
      z[[l]] <- r((if (l > 1) a[[l - 1]] else x) %*% t(w[[l]]) + bias)
      a[[l]] <- r(FUNCTIONS[[names[l]]](z[[l]]))
    }
    slope <- lapply(every, function(l) SLOPES[[names[l]]](a[[l]]))
    last <- length(every)
    if (case$loss == "squared") {
      loss <- sum((a[[last]] - y)^2)
      deltas[[last]] <- r(2 * (a[[last]] - y) * slope[[last]])
    } else { # log loss of sigmoid outputs, from z, so that nothing overflows
      loss <- sum(pmax(z[[last]], 0) - y * z[[last]] + log1p(exp(-abs(z[[last]]))))
      deltas[[last]] <- r(a[[last]] - y)
    }
    # delta of layer l: f'(z) * (W^T delta of the next layer)
    for (l in rev(every)[-1]) deltas[[l]] <- r(slope[[l]] * (deltas[[l + 1]] %*% w[[l + 1]]))
    for (l in every) {
      by_w[[l]] <- r(t(deltas[[l]]) %*% (if (l > 1) a[[l - 1]] else x))
      if (!is.null(mask[[l]])) by_w[[l]] <- by_w[[l]] * mask[[l]]
      w[[l]] <<- r(w[[l]] - case$learning_rate * by_w[[l]])
      if (!is.null(b[[l]])) {
        by_b[[l]] <- r(colSums(deltas[[l]]))
        b[[l]] <<- r(b[[l]] - case$learning_rate * by_b[[l]])
      }
    }
    shown <- list(net_inputs = z, activations = a, deltas = deltas, weight_gradients = by_w, bias_gradients = by_b,
                  weights = w, biases = b)
    fields <- sapply(names(shown), function(name) sprintf('"%s":%s', name, list_of(sapply(shown[[name]], text_of))))
    paste0("{", paste(fields, collapse = ","), ',"loss":', number(r(loss)), "}")
  })
  list_of(records)
}

as_matrix <- function(rows) {
  if (is.null(rows)) NULL else do.call(rbind, lapply(rows, function(row) as.numeric(unlist(row))))
}
# toJSON prints 15 digits, which is too few: 17 come back unchanged. JSON has no NaN: show a string.
named <- function(v) ifelse(is.nan(v), '"NaN"', ifelse(v > 0, '"Infinity"', '"-Infinity"'))
number <- function(v) ifelse(is.finite(v), sprintf("%.17g", v), named(v))
list_of <- function(texts) paste0("[", paste(texts, collapse = ","), "]")
text_of <- function(v) if (is.null(v)) "null" else list_of(if (is.matrix(v)) apply(v, 1, text_of) else number(v))

input <- file("stdin", "r")
while (length(line <- readLines(input, n = 1)) > 0) {
  request <- jsonlite::fromJSON(line, simplifyVector = FALSE)
  if (request$type == "bye") break
  answer <- if (request$type == "hello") HELLO else paste0('{"id":', request$id, ',"result":', run(request$case), "}")
  cat(answer, "\n", sep = "")
  flush(stdout())
}
