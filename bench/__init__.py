"""Benchmarks: programs that print figures, not tests. Each says in its docstring what it measures and how to run it."""
