"""Source columns as the history's types, vectorised: text, numbers, money, instants."""
