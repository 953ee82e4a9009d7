"""From labelled rows to calibrated probabilities and segments cut from them, judged on later rows."""
