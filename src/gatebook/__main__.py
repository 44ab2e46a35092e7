"""`python -m gatebook` is the command line."""

import sys

from gatebook.cli.main import main

sys.exit(main())
