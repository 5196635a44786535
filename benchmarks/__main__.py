"""`make bench`: messages and postings per second, as ratios to their limits. JSON lines out, progress on the side.

python -m benchmarks             messages, postings, verification, and the ledger beside another one
python -m benchmarks inbound     messages only; also: postings, verify, rivals, servers, scale (ten million entries)
python -m benchmarks --quick     seconds instead of minutes: shows that it works, says nothing about speed
"""

import argparse
import signal
import sys
from types import FrameType

from benchmarks import inbound, posting, rivals, scale, servers, verifying
from benchmarks.reporting import progress
from benchmarks.rounds import FULL, QUICK
from benchmarks.stage import stage

BENCHMARKS = {
    "inbound": inbound.measure,
    "postings": posting.measure,
    "verify": verifying.measure,
    "rivals": rivals.measure,
    "servers": servers.measure,
    "scale": scale.measure,
}
BY_DEFAULT = ("inbound", "postings", "verify", "rivals")
# The other ledger is installed first, which a quick look need not wait for.
QUICKLY = ("inbound", "postings")


def main() -> None:
    """Runs the benchmarks that were asked for, one after the other, on servers of their own."""
    options = _options()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with stage() as house:
            for name in options.names or (QUICKLY if options.quick else BY_DEFAULT):
                BENCHMARKS[name](house, QUICK if options.quick else FULL)
    except KeyboardInterrupt:
        sys.exit("  Stopped.")
    progress("Done")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(BENCHMARKS)}; default: {BY_DEFAULT}")
    parser.add_argument("--quick", action="store_true", help="see in seconds whether it works")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}")
    return options


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
