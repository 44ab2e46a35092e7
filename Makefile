# A thin face of run.py, which needs only Python: `make test ARGS="-k record"` is `python3 run.py test -k record`.
PYTHON ?= python3
ARGS ?=
VERBS := demo test check bench bench-search conformance fault setup docs pictures format lock clean

.PHONY: help $(VERBS)
help:
	@$(PYTHON) run.py help

# `make bench-search CALLS=10000000`
ifdef CALLS
bench-search: override ARGS += --calls $(CALLS)
endif

$(VERBS):
	@$(PYTHON) run.py $@ $(ARGS)
