"""Storage at growing sizes, as JSON: floors are 1,000 imported posts a second and 300 ms an inbox page at 100,000."""

import sys

from classifiers.command_line import Parser
from classifiers.command_line import run as run_command
from monitor import bench


def main() -> int:
    """Measure; the exit status."""
    parser = Parser(prog="python benchmarks/storage.py", description=__doc__)
    bench.add_arguments(parser)
    return bench.run(parser.parse_args())


if __name__ == "__main__":
    sys.exit(run_command(main, "benchmarks/storage.py"))
