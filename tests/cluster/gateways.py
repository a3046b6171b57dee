"""Gateways, and HAProxy in front of them and of the database: deploy/compose's."""

import base64
import csv
import os
import signal
import socket
import ssl

from database import ACCOUNT, DATABASE, PASSWORD
from processes import HOST, PATIENCE_S, Failed, Process, check, replaced, run, until

GATEWAYS = 2
SITE = "pay.example.com"


class Haproxy:
    """With haproxy.cfg; only addresses and the size of its tables are others."""

    def __init__(self, scratch, compose, ports, members, gateways):
        self.merchants, self.writer_port = ports.take(), ports.take()
        self.directory = scratch / "haproxy"
        self.directory.mkdir()
        self.control = self.directory / "control"
        self.members = members
        self.make_certificate()
        configuration = replaced((compose / "haproxy.cfg").read_text(), [
            ("maxconn 16384", f"maxconn 1024\n  stats socket {self.control}"),
            ("bind :443 ", f"bind {HOST}:{self.merchants} "),
            ("/etc/multihub/tls/pay.example.com.pem", str(self.directory / "both")),
            *((f" {gateway.name}:8080", f" {HOST}:{gateway.port} port {gateway.ops}") for gateway in gateways),
            ("bind :3306", f"bind {HOST}:{self.writer_port}"),
            *((f" {member.name}:3306", f" {HOST}:{member.port}") for member in members),
        ])
        (self.directory / "haproxy.cfg").write_text(configuration)
        self.process = Process(["haproxy", "-db", "-f", self.directory / "haproxy.cfg"], self.directory / "log")
        until(lambda: self.control.exists() or not self.process.runs(), "HAProxy")
        if not self.process.runs():
            raise Failed(f"HAProxy ended:\n{self.process.last_words()}")

    def make_certificate(self):
        certificate, key = self.directory / "certificate", self.directory / "key"
        made = run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", f"/CN={SITE}", "-addext", f"subjectAltName=DNS:{SITE}", "-keyout", key,
                    "-out", certificate])
        if made.returncode != 0:
            raise Failed(f"no certificate: {made.stderr}")
        (self.directory / "both").write_bytes(certificate.read_bytes() + key.read_bytes())
        self.trust = ssl.create_default_context(cafile=str(certificate))

    def states(self):
        """UP or DOWN of each server, by its backend and name."""
        with socket.socket(socket.AF_UNIX) as control:
            control.connect(str(self.control))
            control.sendall(b"show stat\n")
            text = b"".join(iter(lambda: control.recv(65536), b"")).decode()
        rows = csv.DictReader(text.removeprefix("# ").splitlines())
        return {(row["pxname"], row["svname"]): row["status"] for row in rows}

    def is_up(self, backend, name):
        return self.states().get((backend, name), "").startswith("UP")

    def await_all_up(self, gateways):
        for member in self.members:
            until(lambda: self.is_up("writer", member.name), f"HAProxy's word on {member.name}")
        for gateway in gateways:
            until(lambda: self.is_up("gateways", gateway.name), f"HAProxy's word on {gateway.name}")

    def writer(self):
        """The member that new sessions get to; None: none."""
        done = run(["mariadb", "--no-defaults", "--protocol=tcp", f"--host={HOST}", f"--port={self.writer_port}",
                    f"--user={ACCOUNT}", f"--password={PASSWORD}", "--connect-timeout=5", "-BNe", "SELECT @@port"])
        return next((member for member in self.members if done.stdout.strip() == str(member.port)), None)

    def database_url(self):
        return f"mysql://{ACCOUNT}:{PASSWORD}@{HOST}:{self.writer_port}/{DATABASE}"


class Gateway:
    """One gateway of the compose file, as a sandbox: its merchants and the simulator are what there is to pay with."""

    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("MULTIHUB_")},
        "MULTIHUB_SECURITY_MASTER_KEY": base64.b64encode(os.urandom(32)).decode(),
        "MULTIHUB_LIMITS_ENABLED": "false",
        "MULTIHUB_LOG_LEVEL": "warn",
        "MULTIHUB_SIMULATOR_DELAY_MS": "200",
        # What a killed gateway was sending is sent by the other one soon, and not a minute later.
        "MULTIHUB_WEBHOOKS_LEASE_SLACK_MS": "1000",
    }

    def __init__(self, scratch, number, program, ports):
        self.name = f"gateway{number + 1}"
        self.program = program
        self.port, self.ops = ports.take(), ports.take()
        self.log = scratch / self.name
        self.process = None

    def start(self, database_url):
        begun = self.log.stat().st_size if self.log.exists() else 0
        self.process = Process([self.program, "serve", "--sandbox", "--database", database_url, "--listen",
                                f"{HOST}:{self.port}", "--ops-listen", f"{HOST}:{self.ops}"], self.log,
                               self.environment)
        until(lambda: not self.process.runs() or b"ready http://" in self.log.read_bytes()[begun:], self.name)
        if not self.process.runs():
            raise Failed(f"{self.name} ended:\n{self.process.last_words()}")

    def kill(self):
        if self.process is not None:
            self.process.kill()

    def drain(self):
        self.process.signal(signal.SIGTERM)
        check(self.process.wait(PATIENCE_S) == 0, f"{self.name} drained")

    def command(self, database_url, *words):
        """An operator's command on the database of the gateways."""
        return run([self.program, *words, "--database", database_url], env=self.environment)
