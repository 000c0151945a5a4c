"""Whether the tests notice that a guard is broken: mutants written by hand, tried one at a time."""
