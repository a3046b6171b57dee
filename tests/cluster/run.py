"""Starts what deploy/compose describes, without containers: three Galera members, HAProxy, two gateways. Lets accidents
happen to them under load, and looks after each whether anything was lost or doubled.

usage: run.py [--short] [--list] --gateway PROGRAM... [ACCIDENT...]

Without ACCIDENT all of them. --short: one, over members that begin with copies of the first one's files. --gateway: the
first of those that exist. Needs no rights; as root the members run as the user mysql.
"""

import argparse
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]

# The tree stays as it is, whoever runs this.
sys.dont_write_bytecode = True
# Debian keeps servers outside of an ordinary user's PATH.
os.environ["PATH"] = os.environ.get("PATH", "") + ":/usr/local/sbin:/usr/sbin:/sbin"

from accidents import ACCIDENTS, SHORT, Site  # noqa: E402
from books import Books  # noqa: E402
from database import Cluster  # noqa: E402
from gateways import GATEWAYS, Gateway, Haproxy  # noqa: E402
from merchants import Load  # noqa: E402
from processes import Failed, Ports, check, run, until  # noqa: E402
from receiver import Receiver  # noqa: E402
from windows import window  # noqa: E402

PAYMENTS_EACH = 10  # of every merchant, before, during and after an accident


class World:
    """Everything that is started, in a scratch directory; gone with `close`."""

    def __init__(self, program, short):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="multihub-cluster-"))
        self.directory.chmod(0o755)
        self.parts = []
        self.receiver = None
        try:
            self.begin(program, short)
        except BaseException:
            self.close()
            raise

    def begin(self, program, short):
        compose, ports = SOURCE / "deploy" / "compose", Ports()
        self.cluster = Cluster(self.directory, compose, ports)
        self.parts.append(self.cluster)
        self.cluster.begin(self.template(), by_transfer=not short)
        self.gateways = [Gateway(self.directory, i, program, ports) for i in range(GATEWAYS)]
        self.haproxy = Haproxy(self.directory, compose, ports, self.cluster.members, self.gateways)
        self.parts.append(self.haproxy.process)
        until(lambda: self.haproxy.writer() is not None, "a way to the writer")
        self.url = self.haproxy.database_url()
        self.receiver = Receiver()
        for gateway in self.gateways:
            self.parts.append(gateway)
            gateway.start(self.url)
        for application in Load.APPLICATIONS:
            self.command("webhook", "create", "--app", application, "--url", self.receiver.url(application),
                         "--events", "*", "--timeout", 3, "--max-retries", 20, "--retry-delay", 1)
        self.site = Site(self.cluster, self.haproxy, self.gateways)
        self.site.await_whole()
        self.books = Books(self.cluster, self.receiver, self.ledger_is_sound)
        check(True, "three members, HAProxy and two gateways are up")

    @staticmethod
    def template():
        """An initialised data directory: the test run's, or our own."""
        template = os.environ.get("MULTIHUB_TEST_MARIADB_TEMPLATE") or SOURCE / "build" / "mariadb-template"
        made = run(["sh", SOURCE / "tests" / "support" / "make_mariadb_template.sh", template])
        if made.returncode != 0:
            raise Failed(f"no data directory: {made.stderr}")
        return template

    def command(self, *words):
        done = self.gateways[0].command(self.url, *words)
        if done.returncode != 0:
            raise Failed(f"{words[0]} {words[1]}: {done.stderr}")

    def ledger_is_sound(self):
        return self.gateways[0].command(self.url, "ledger", "verify").returncode == 0

    def last_words(self):
        """Of those whose logs tell most."""
        for process in (self.haproxy.process, *(gateway.process for gateway in self.gateways)):
            print(f"--- {process.log.name}:\n{process.last_words()}")

    def close(self):
        for part in reversed(self.parts):
            part.kill()
        if self.receiver is not None:
            self.receiver.close()
        shutil.rmtree(self.directory, ignore_errors=True)


def go_through(world, number, name):
    accident = ACCIDENTS[name]
    load = Load(world.haproxy.merchants, world.haproxy.trust, f"{number}-{name}")
    try:
        until(lambda: load.everybody_paid(0, PAYMENTS_EACH), "payments before")
        begin = time.monotonic()
        with accident.begin(world.site):
            happened = time.monotonic()
            until(lambda: load.everybody_paid(happened, PAYMENTS_EACH), f"payments with {accident.what}")
            mending = time.monotonic()
        world.site.await_whole()
        mended = time.monotonic()
        until(lambda: load.everybody_paid(mended, PAYMENTS_EACH), f"payments after {accident.what} was mended")
        load.stop()
    finally:
        load.abandon()
    end = time.monotonic()
    measured = window(load.calls(), begin, mending)
    print(f"{name}: {accident.what}: {measured} (target: errors for less than {accident.target_s} s)")
    print(f"{name}: and while it was mended: {window(load.calls(), mending, end)}", flush=True)
    world.books.check(load)
    return f"{accident.what:40} {measured.errors_s:8.2f} {measured.pause_s:8.2f} {measured.slowest_s:8.2f} " \
           f"{measured.failed:6} of {measured.calls:5}   < {accident.target_s} s"


def go_through_all(world, names):
    lines = [go_through(world, number, name) for number, name in enumerate(names, 1)]
    for gateway in world.gateways:
        gateway.drain()
    print(f"\n{'':40} {'errors s':>8} {'pause s':>8} {'slowest':>8} {'failed':>6}            target")
    print("\n".join(lines), flush=True)


def arguments():
    parser = argparse.ArgumentParser(prog="./dev cluster", usage="%(prog)s [--short] [--list] [ACCIDENT...]")
    parser.add_argument("--short", action="store_true", help="one accident, on members that begin with copies")
    parser.add_argument("--list", action="store_true", help="the accidents there are")
    parser.add_argument("--gateway", action="append", default=[], help=argparse.SUPPRESS)
    parser.add_argument("accidents", nargs="*", metavar="ACCIDENT")
    line = parser.parse_args()
    unknown = [name for name in line.accidents if name not in ACCIDENTS]
    if unknown:
        parser.error(f"there is no accident {unknown[0]!r}; there are {', '.join(ACCIDENTS)}")
    return line


def main():
    # Whoever ends us ends all that we started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    line = arguments()
    if line.list:
        for name, accident in ACCIDENTS.items():
            print(f"{name:18} {accident.what}")
        return 0
    program = next((path for path in line.gateway if os.access(path, os.X_OK)), None)
    if program is None:
        print("there is no gateway to run", file=sys.stderr)
        return 2
    world = None
    try:
        world = World(program, line.short)
        go_through_all(world, line.accidents or (SHORT if line.short else ACCIDENTS))
    except Failed as failure:
        print("failed:", failure, flush=True)
        if world is not None:
            world.last_words()
        return 1
    finally:
        if world is not None:
            world.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
