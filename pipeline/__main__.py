import sys

from avel.pipeline.cli import main

sys.exit(main())
