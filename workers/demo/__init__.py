"""The demonstration: a house with its story so far, and a crowd for its live sitting. All people are invented."""
