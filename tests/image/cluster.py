"""Starts what deploy/compose describes, without containers: three Galera members with galera.cnf, HAProxy with
haproxy.cfg, and a gateway behind it. Kills the writer under load and counts what was acknowledged and is not there.

usage: cluster.py PROGRAM COMPOSE    (as root)

Names become loopback addresses and ports; everything else is the files'.
"""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

PATIENCE_S = 120  # against hangs only
MEMBERS = 3
APPLICATION, SECRET = "1", "sandbox-secret-1-do-not-use-in-production"
READY = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'WSREP_READY'"


class Failed(Exception):
    pass


def check(fact, sentence):
    if not fact:
        raise Failed(sentence)
    print("ok:", sentence, flush=True)


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def replaced(text, pairs):
    for old, new in pairs:
        if old not in text:
            raise Failed(f"there is no {old!r} to replace")
        text = text.replace(old, new)
    return text


def until(question, what):
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        if question():
            return
        time.sleep(0.1)
    raise Failed(f"{what}: it did not come about")


class Member:
    """One db of the compose file."""

    def __init__(self, scratch, number, compose, groups):
        self.port, transfer, receiver = free_ports(3)
        self.directory = scratch / f"db{number + 1}"
        self.directory.mkdir()
        self.process = None
        here = f"gmcast.listen_addr=tcp://127.0.0.1:{groups[number]};ist.recv_addr=127.0.0.1:{transfer}"
        configuration = replaced((compose / "galera.cnf").read_text(), [
            ("gcomm://db1,db2,db3", "gcomm://" + ",".join(f"127.0.0.1:{port}" for port in groups)),
            ("innodb_buffer_pool_size = 512M", "innodb_buffer_pool_size = 64M"),
            ('install_timeout=PT2S"', f'install_timeout=PT2S;{here}"'),
        ])
        configuration += f"""
user = mysql
bind_address = 127.0.0.1
port = {self.port}
datadir = {self.directory}/data
socket = {self.directory}/socket
pid_file = {self.directory}/pid
log_error = {self.directory}/log
wsrep_node_name = db{number + 1}
wsrep_node_address = 127.0.0.1:{groups[number]}
wsrep_sst_receive_address = 127.0.0.1:{receiver}
"""
        (self.directory / "my.cnf").write_text(configuration)
        # As the database's image does it, with every member.
        subprocess.run(["mariadb-install-db", "--no-defaults", "--user=mysql", f"--datadir={self.directory}/data",
                        "--auth-root-authentication-method=normal", "--skip-test-db"],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.chown(self.directory, "mysql")

    def start(self, *words):
        self.process = subprocess.Popen(["mariadbd", f"--defaults-file={self.directory}/my.cnf", *words],
                                        stderr=subprocess.DEVNULL)

    def kill(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self):
        subprocess.run(["mariadb-admin", "--no-defaults", f"--socket={self.directory}/socket", "--user=root",
                        "shutdown"], check=True)
        self.process.wait()

    def query(self, sql, user="root"):
        """What the server says; nothing when it does not."""
        done = subprocess.run(
            ["setpriv", f"--reuid={user}", "--clear-groups", "mariadb", "--no-defaults",
             f"--socket={self.directory}/socket", f"--user={user}", "-BNe", sql], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    def await_ready(self):
        # The compose file's health check: the same account, the same question.
        until(lambda: self.process.poll() is not None or self.query(READY, "mysql") == "ON", "a member in step")
        if self.process.poll() is not None:
            raise Failed(f"a member ended:\n{(self.directory / 'log').read_text()[-3000:]}")


class Merchant:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def call(self, method, service_id, payment):
        body = json.dumps({"method": method, "service_id": service_id, "params": {"payment": payment}}).encode()
        self.connection.request("POST", "/public/api/multihub/v1", body, {
            "Content-Type": "application/json",
            "X-Data-Application-Id": APPLICATION,
            "X-Data-Hash": hashlib.sha512(body + SECRET.encode()).hexdigest(),
        })
        return json.loads(self.connection.getresponse().read())


class Load:
    """Four merchants that pay and never stop."""

    def __init__(self, port):
        self.acknowledged, self.refused, self.stopping = [], [], False
        self.threads = [threading.Thread(target=self.run, args=(port, i)) for i in range(4)]
        for thread in self.threads:
            thread.start()

    def run(self, port, number):
        merchant, count = Merchant(port), 0
        while not self.stopping:
            count += 1
            c_id = f"cluster-{number}-{count}"
            answer = merchant.call("payment.in", 14702, {
                "payer": {}, "amount": {"value": 25000, "currency": "INR"}, "identifiers": {"c_id": c_id}})
            if answer["success"]:
                self.acknowledged.append((time.monotonic(), c_id))
            else:
                self.refused.append(answer["error"]["code"])
            time.sleep(0.005)

    def stop(self):
        self.stopping = True
        for thread in self.threads:
            thread.join()

    def longest_gap_s(self):
        times = sorted(at for at, _ in self.acknowledged)
        return max(later - earlier for earlier, later in zip(times, times[1:]))


def begin_cluster(members, compose):
    """As the compose file's comment has it."""
    members[0].start("--wsrep-new-cluster")
    until(lambda: members[0].query("SELECT 1") == "1", "the first member")
    subprocess.run(["mariadb", "--no-defaults", f"--socket={members[0].directory}/socket", "--user=root"],
                   stdin=(compose / "accounts.sql").open(), check=True)
    members[0].query("CREATE DATABASE multihub; CREATE USER multihub@'%' IDENTIFIED BY 'cluster'; "
                     "GRANT ALL ON multihub.* TO multihub@'%'")
    members[0].await_ready()
    for member in members[1:]:
        member.start()
        member.await_ready()
    members[0].stop()
    members[0].start()
    members[0].await_ready()
    size = members[0].query("SHOW STATUS LIKE 'wsrep_cluster_size'").split()[-1]
    check(size == str(MEMBERS), "db1 began the cluster, the others copied from it, and db1 came back as one of them")


def start_haproxy(scratch, compose, members, writer, gateway, ops):
    certificate, key, both = scratch / "certificate", scratch / "key", scratch / "both"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-days", "2", "-subj", "/CN=pay.example.com", "-keyout", key, "-out", certificate],
                   check=True, capture_output=True)
    both.write_bytes(certificate.read_bytes() + key.read_bytes())
    merchants, nobody = free_ports(2)
    configuration = replaced((compose / "haproxy.cfg").read_text(), [
        ("bind :443 ", f"bind 127.0.0.1:{merchants} "),
        ("/etc/multihub/tls/pay.example.com.pem", str(both)),
        ("maxconn 16384", "maxconn 1024"),
        (" gateway1:8080", f" 127.0.0.1:{gateway} port {ops}"),
        (" gateway2:8080", f" 127.0.0.1:{nobody}"),
        ("bind :3306", f"bind 127.0.0.1:{writer}"),
        *((f" db{i + 1}:3306", f" 127.0.0.1:{member.port}") for i, member in enumerate(members)),
    ])
    (scratch / "haproxy.cfg").write_text(configuration)
    return subprocess.Popen(["haproxy", "-db", "-f", scratch / "haproxy.cfg"],
                            stdout=(scratch / "haproxy.log").open("w"), stderr=subprocess.STDOUT)


def writer_port(writer):
    """The port of the member that new sessions get to."""
    done = subprocess.run(["mariadb", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={writer}",
                           "--user=multihub", "--password=cluster", "-BNe", "SELECT @@port"],
                          capture_output=True, text=True)
    return done.stdout.strip()


def kill_the_writer(members, gateway_port, writer, haproxy_log):
    load = Load(gateway_port)
    until(lambda: len(load.acknowledged) > 300, "payments before the kill")
    members[0].kill()
    before = len(load.acknowledged)
    until(lambda: len(load.acknowledged) > before + 300, "payments after the kill")
    load.stop()
    print(f"ok: {len(load.acknowledged)} payments acknowledged, {len(load.refused)} refused, "
          f"no acknowledgement for {load.longest_gap_s():.1f} s when the writer was killed")
    merchant = Merchant(gateway_port)
    lost = [c_id for _, c_id in load.acknowledged
            if not merchant.call("payment.status", None, {"identifiers": {"c_id": c_id}})["success"]]
    check(not lost, "every acknowledged payment is there")
    now = writer_port(writer)
    check(now in (str(member.port) for member in members[1:]), "another member is the writer")
    members[0].start()
    members[0].await_ready()
    until(lambda: "Server writer/db1 is UP" in haproxy_log.read_text(), "HAProxy's word on db1")
    check({writer_port(writer) for _ in range(5)} == {now}, "and stays it when db1 is back")


def run(program, compose, scratch, members, processes):
    writer, port, ops = free_ports(3)
    begin_cluster(members, compose)
    processes.append(start_haproxy(scratch, compose, members, writer, port, ops))
    until(lambda: writer_port(writer) == str(members[0].port), "a way to the writer")
    url = f"mysql://multihub:cluster@127.0.0.1:{writer}/multihub"
    environment = {**os.environ, "MULTIHUB_LIMITS_ENABLED": "false", "MULTIHUB_SIMULATOR_DELAY_MS": "200",
                   "MULTIHUB_SECURITY_MASTER_KEY": base64.b64encode(os.urandom(32)).decode()}
    notices = scratch / "gateway.notices"
    gateway = subprocess.Popen([program, "serve", "--sandbox", "--database", url, "--listen", f"127.0.0.1:{port}",
                                "--ops-listen", f"127.0.0.1:{ops}"], env=environment,
                               stdout=(scratch / "gateway.log").open("w"), stderr=notices.open("w"))
    processes.append(gateway)
    until(lambda: "ready http://" in notices.read_text(), "a gateway that serves")
    kill_the_writer(members, port, writer, scratch / "haproxy.log")
    gateway.send_signal(signal.SIGTERM)
    check(gateway.wait(PATIENCE_S) == 0, "the gateway drained")
    verified = subprocess.run([program, "ledger", "verify", "--database", url], env=environment, capture_output=True)
    check(verified.returncode == 0, "the ledger is sound")


def main():
    program, compose = sys.argv[1], pathlib.Path(sys.argv[2])
    members, processes = [], []
    with tempfile.TemporaryDirectory(prefix="multihub-cluster-") as directory:
        os.chmod(directory, 0o755)
        scratch = pathlib.Path(directory)
        try:
            groups = free_ports(MEMBERS)
            for i in range(MEMBERS):
                members.append(Member(scratch, i, compose, groups))
            run(program, compose, scratch, members, processes)
        except Failed as failure:
            print("failed:", failure)
            return 1
        finally:
            for process in processes:
                process.kill()
                process.wait()
            for member in members:
                member.kill()
    return 0


sys.exit(main())
