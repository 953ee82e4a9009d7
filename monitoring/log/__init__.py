"""Reading the prediction log (contract 6): what was answered, judged against what the package expects."""
