"""May this call happen, and why? Rules as data and pure functions over them. No files, sockets, clocks, randomness or logging.

Read bundle.py and candidates.py first: a bundle narrows a request down to candidates, and candidates decide.

- written by people: rules, selectors, windows; given to people: access (of connectors), grants
- looking up: index (which rules could match), globs, request
- conditions: engine (what one must do), cel_cpp and cel_rust (two of them), tokens (what a condition reads), arguments, functions
- for people: explain (why), reach (who may do what), cases (tests in policies), replay (what would have changed), lint with lint_names,
  shadow, soundness and problems
"""
