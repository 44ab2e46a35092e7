"""`python -m conformance` runs the suite."""

import sys

from conformance.run import main

sys.exit(main())
