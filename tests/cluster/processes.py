"""Facts, waiting for them, ports, and processes that end with us."""

import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time

PATIENCE_S = 120  # against hangs only
HOST = "127.0.0.1"
IS_ROOT = os.geteuid() == 0
# The server refuses to run with root's rights; as anybody else it runs as who we are.
SERVER_USER = "mysql" if IS_ROOT else None
KILL_WITH_PARENT = 1  # PR_SET_PDEATHSIG of <sys/prctl.h>
LIBC = ctypes.CDLL(None, use_errno=True)


class Failed(Exception):
    """Something that must hold does not, or did not come about."""


def check(fact, sentence):
    if not fact:
        raise Failed(sentence)
    print("ok:", sentence, flush=True)


def until(question, what, patience_s=PATIENCE_S):
    """Waits for a fact."""
    give_up = time.monotonic() + patience_s
    while time.monotonic() < give_up:
        if question():
            return
        time.sleep(0.05)
    raise Failed(f"{what}: it did not come about")


class Ports:
    """A block of ports of the loopback address. It is ours for as long as its first one is bound, so that runs beside
    each other take others; and it lies below the ports that the C++ tests and the kernel choose from, so that a member
    that is started again finds its own still free."""

    FIRST, BLOCKS, SIZE = 10000, 300, 32

    def __init__(self):
        start = int.from_bytes(os.urandom(2), "little")
        for i in range(self.BLOCKS):
            base = self.FIRST + (start + i) % self.BLOCKS * self.SIZE
            self.claim = socket.socket()
            try:
                self.claim.bind((HOST, base))
                self.left = [port for port in range(base + 1, base + self.SIZE) if self.is_free(port)]
                return
            except OSError:
                self.claim.close()
        raise Failed("no free ports")

    @staticmethod
    def is_free(port):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                return False
        return True

    def take(self):
        return self.left.pop(0)


def replaced(text, pairs):
    """`text` with each pair's first replaced by its second, which must change something."""
    for old, new in pairs:
        if old not in text:
            raise Failed(f"there is no {old!r} to replace")
        text = text.replace(old, new)
    return text


def end_with_parent():
    LIBC.prctl(KILL_WITH_PARENT, signal.SIGKILL)


class Process:
    """A child in a group of its own. It is killed when this program ends, whatever ends it. Started from the main
    thread only: the kernel means the thread that started it."""

    def __init__(self, arguments, log, environment=None, user=None):
        self.log = pathlib.Path(log)
        as_user = {"user": user, "group": user, "extra_groups": []} if user else {}
        with self.log.open("ab") as output:
            self.child = subprocess.Popen([str(word) for word in arguments], env=environment, stdin=subprocess.DEVNULL,
                                          stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
                                          preexec_fn=end_with_parent, **as_user)

    def runs(self):
        return self.child.poll() is None

    def signal(self, number):
        self.child.send_signal(number)

    def wait(self, patience_s=PATIENCE_S):
        return self.child.wait(patience_s)

    def kill(self):
        """With what it started itself, as far as that stayed in its group. Also when it is frozen."""
        if self.child.returncode is None:
            try:
                os.killpg(self.child.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
            self.child.wait()

    def last_words(self):
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""


def run(arguments, patience_s=PATIENCE_S, **options):
    """Runs a program to its end."""
    return subprocess.run([str(word) for word in arguments], capture_output=True, text=True, timeout=patience_s,
                          **options)
