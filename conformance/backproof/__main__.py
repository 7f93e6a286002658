"""`python -m backproof` is the command `backproof`."""

from backproof.cli.main import main

raise SystemExit(main())
