"""The command line. Each verb is a module with `arguments(parser)` and `run(args) -> exit code`, listed in main.VERBS."""
