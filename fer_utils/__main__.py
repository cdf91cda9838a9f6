"""Lets ``python -m fer_utils`` start the command line."""

import sys

from fer_utils.cli import main

sys.exit(main())
