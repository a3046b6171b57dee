"""Runs an unpacked image the way an engine would, stricter where that is possible, and takes a payment and the
conformance suite through it.

usage: exercise.py IMAGE_JSON IMAGE_ROOT BASE_ROOT KUBERNETES

IMAGE_JSON is what `buildah inspect --type image` prints, KUBERNETES the folder of the manifests. The image's own entry
point, command, user and health check are run: as process 1 of a process namespace, on a root file system mounted
read-only, with one writable volume, without any right to gain rights, and with every directory of ordinary programs
hidden, shells included.
"""

import base64
import hashlib
import http.client
import json
import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time

import yaml  # docker-compose depends on it

SIZE_LIMIT_MB = 120
IDLE_LIMIT_MB = 40
CONNECTIONS = 5000
CONNECTED_LIMIT_MB = 150
READY_LIMIT_S = 1.0
STARTS = 3
PATIENCE_S = 300  # against hangs only
API = "/public/api/multihub/v1"

# Mounts are made in a mount namespace of the process's own and go with it. $1 root, $2 volume, $3 secrets, $4 an empty
# directory, $5 user; then the command.
RUN = """
set -eu
root=$1 volume=$2 secrets=$3 empty=$4 user=$5
shift 5
mount --bind "$root" "$root"
mount -o remount,bind,ro,nosuid "$root"
mount --bind "$volume" "$root/var/lib/multihub"
mount --bind -o ro "$secrets" "$root/run"
mount -o remount,bind,ro "$root/run"
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
for programs in usr/bin usr/sbin usr/local/sbin; do mount --bind "$empty" "$root/$programs"; done
exec setpriv --no-new-privs -- chroot --userspec="$user" --groups= "$root" "$@"
"""


class Failed(Exception):
    pass


def check(fact, sentence):
    if not fact:
        raise Failed(sentence)
    print("ok:", sentence)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def size_mb(root):
    listed = subprocess.run(["du", "-sx", "--block-size=1", root], check=True, capture_output=True, text=True).stdout
    return int(listed.split()[0]) / 1e6


class Image:
    def __init__(self, document, root, scratch):
        self.config = document["Docker"]["config"]
        self.root = root
        self.volume = scratch / "volume"
        self.secrets = scratch / "secrets"
        self.empty = scratch / "empty"
        for directory in (self.volume, self.secrets, self.empty):
            directory.mkdir()
        uid, gid = (int(part) for part in self.config["User"].split(":"))
        os.chown(self.volume, uid, gid)
        key = self.secrets / "master.key"
        key.write_bytes(base64.b64encode(os.urandom(32)) + b"\n")
        os.chown(key, uid, gid)
        key.chmod(0o400)
        self.environment = dict(entry.split("=", 1) for entry in self.config.get("Env") or [])
        self.port, self.ops_port = free_port(), free_port()
        # The network is this machine's own: the image's ports may be taken here.
        self.environment |= {
            "MULTIHUB_HTTP_LISTEN": f"127.0.0.1:{self.port}",
            "MULTIHUB_OPS_LISTEN": f"127.0.0.1:{self.ops_port}",
            "MULTIHUB_SECURITY_MASTER_KEY_FILE": "/run/master.key",
        }

    def words(self, command):
        return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "bash", "-c", RUN, "image", self.root,
                str(self.volume), str(self.secrets), str(self.empty), self.config["User"], *command]

    def environ(self):
        return {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", **self.environment}

    def start(self, command, log):
        return subprocess.Popen(self.words(command), env=self.environ(), stdout=log, stderr=subprocess.STDOUT)

    def run(self, *arguments):
        """A command of the program, to its end."""
        done = subprocess.run(self.words([*self.config["Entrypoint"], *arguments]), env=self.environ(),
                              capture_output=True, text=True, timeout=PATIENCE_S)
        if done.returncode != 0:
            raise Failed(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr}{done.stdout}")
        return done.stdout

    def health(self):
        """The health check's exit code."""
        test = self.config["Healthcheck"]["Test"]
        if test[0] != "CMD":
            raise Failed("the health check needs a shell")
        return subprocess.run(self.words(test[1:]), env=self.environ(), capture_output=True,
                              timeout=PATIENCE_S).returncode


class Merchant:
    def __init__(self, port, application):
        self.port, self.id, self.secret = port, str(application["application_id"]), application["secret"]

    def call(self, method, service_id=None, params=None, connection=None):
        request = {"method": method, "params": params or {}}
        if service_id is not None:
            request["service_id"] = service_id
        body = json.dumps(request).encode()
        connection = connection or self.connect()
        connection.request("POST", API, body, {
            "Content-Type": "application/json",
            "X-Data-Application-Id": self.id,
            "X-Data-Hash": self.sign(body),
        })
        answer = connection.getresponse()
        raw = answer.read()
        document = json.loads(raw)
        if answer.headers["X-Data-Hash"] != self.sign(raw) or not document["success"]:
            raise Failed(f"{method} was answered {raw!r}")
        return document["result"]

    def connect(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)

    def sign(self, body):
        return hashlib.sha512(body + self.secret.encode()).hexdigest()


def until(question, what):
    give_up = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up:
        answer = question()
        if answer:
            return answer
        time.sleep(0.05)
    raise Failed(f"{what}: it did not come about")


def first_process(unshare):
    """The process that is number 1 in its namespace."""
    listed = pathlib.Path(f"/proc/{unshare.pid}/task/{unshare.pid}/children").read_text().split()
    return int(listed[0])


def resident_mb(process):
    for line in pathlib.Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise Failed("the gateway is gone")


def check_footprint(process, merchant):
    """What the operator's documents say of memory: idle, and with clients that keep their connections."""
    idle = resident_mb(process)
    check(idle <= IDLE_LIMIT_MB, f"idle on SQLite it takes {idle:.1f} MB")
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, CONNECTIONS + 1000), hard))
    kept = [merchant.connect() for _ in range(CONNECTIONS)]
    for connection in kept:
        merchant.call("gateway.ping", connection=connection)
    with_connections = resident_mb(process)
    check(with_connections <= CONNECTED_LIMIT_MB,
          f"with {CONNECTIONS} connections that have called and are kept it takes {with_connections:.1f} MB")
    for connection in kept:
        connection.close()


def check_facts(image, base_root):
    config = image.config
    check(config["User"].split(":")[0].isdigit() and config["User"].split(":")[0] != "0",
          f"the user is a number and not root: {config['User']}")
    check(config["Entrypoint"][0].startswith("/") and config["Cmd"] == ["serve"], "entry point and command are lists")
    check(config.get("StopSignal", "SIGTERM") == "SIGTERM", "an engine stops it by SIGTERM")
    labels = config["Labels"]
    check(all(labels.get(f"org.opencontainers.image.{name}") for name in ("title", "version", "revision", "base.name")),
          "the labels name title, version, revision and base")
    programs = {"gcc", "cc", "c++", "g++", "cmake", "ninja", "ld", "as", "make"}
    found = [entry for place in ("usr/bin", "usr/local/bin", "usr/sbin")
             for entry in os.listdir(os.path.join(image.root, place)) if entry in programs]
    check(not found, "there is no compiler in it")
    added = size_mb(image.root) - size_mb(base_root)
    check(added <= SIZE_LIMIT_MB, f"it adds {added:.1f} MB to the base of {size_mb(base_root):.1f} MB, "
                                  f"of which the program {size_mb(image.root + '/usr/local/bin'):.1f} MB")


def nightly(folder):
    return [d for d in yaml.safe_load_all((folder / "nightly.yaml").read_text()) if d["kind"] == "CronJob"]


def check_manifests(image, folder):
    """What the manifests say of the image."""
    documents = list(yaml.safe_load_all((folder / "gateway.yaml").read_text()))
    configuration = next(d for d in documents if d["kind"] == "ConfigMap")["data"]["multihub.yaml"]
    (image.volume / "kubernetes.yaml").write_text(configuration)
    image.run("config", "check", "/var/lib/multihub/kubernetes.yaml")
    pod = next(d for d in documents if d["kind"] == "Deployment")["spec"]["template"]["spec"]
    print("ok: the configuration of the manifests is accepted")
    jobs = [d["spec"]["jobTemplate"]["spec"]["template"]["spec"] for d in nightly(folder)]
    commands = [job["containers"][0]["args"] for job in jobs]
    for command in commands:
        image.run(*command, "--help")
    check(sorted(commands) == [["ledger", "verify"], ["prune"]], "the nightly jobs are commands of the image")
    user = f"{pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}"
    check(user == image.config["User"], "the manifests run it as the image's user")
    drain = yaml.safe_load(configuration)["drain"]
    check(drain["lame_duck_ms"] + drain["timeout_ms"] <= pod["terminationGracePeriodSeconds"] * 1000 - 5000,
          "a Pod has time to drain before it is killed")


def prepare(image):
    """What an operator does first; the merchant's application and route."""
    check(image.run("--version").startswith("multihub "), "it says its version")
    image.run("migrate")
    image.run("merchant", "create", "--name", "Example Shop")
    application = json.loads(image.run("app", "create", "--merchant", "1", "--test", "--json"))
    image.run("service", "create", "--id", "100", "--direction", "in", "--currency", "INR", "--method", "bank_transfer",
              "--provider", "simulator")
    image.run("service", "assign", "--app", "1", "--service", "100")
    return application


def pay(merchant):
    payment = merchant.call("payment.in", 100, {"payment": {
        "payer": {"email": "buyer@example.com"},
        "amount": {"value": 25000, "currency": "INR"},
        "identifiers": {"c_id": "order-1"},
    }})["payment"]
    h_id = payment["identifiers"]["h_id"]

    def final():
        now = merchant.call("payment.status", None, {"payment": {"identifiers": {"h_id": h_id}}})["payment"]
        return now["status"]["status"] == "success"

    until(final, "the payment's final status")
    print("ok: a signed payment reached its final status, and every answer's signature verified")


class Gateway:
    """One run of the image's gateway, from the ready line to its end by SIGTERM."""

    def __init__(self, image, log_file, arguments=()):
        self.log_file = log_file
        self.log = log_file.open("wb")
        started = time.monotonic()
        self.process = image.start([*image.config["Entrypoint"], *image.config["Cmd"], *arguments], self.log)
        until(lambda: self.process.poll() is not None or b"ready http://" in log_file.read_bytes(), "the ready line")
        self.ready_s = time.monotonic() - started
        if self.process.poll() is not None:
            raise Failed("the gateway did not get ready")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            os.kill(first_process(self.process), signal.SIGTERM)
            check(self.process.wait(PATIENCE_S) == 0, "SIGTERM ended it with exit code 0")
            check(b'"event":"drained"' in self.log_file.read_bytes(), "it drained first")
        self.process.kill()
        self.process.wait()
        self.log.close()


def check_conforms(image, log_file):
    """The QA suite against a sandbox of the image, by the image's own program."""
    for number in (1, 2):
        secret = image.secrets / f"secret{number}"
        secret.write_text(f"sandbox-secret-{number}-do-not-use-in-production")
        secret.chmod(0o444)
    with Gateway(image, log_file, ["--sandbox", "--database", "sqlite:///var/lib/multihub/sandbox.db"]):
        image.run("conformance", "--url", f"http://127.0.0.1:{image.port}", "--app", "1", "--secret-file",
                  "/run/secret1", "--app2", "2", "--secret2-file", "/run/secret2", "--direct",
                  "--report", "md=/var/lib/multihub/report.md")
        report = (image.volume / "report.md").read_text()
        print("ok: the conformance suite passed against it:", report.split("\n\n")[1].replace("\n", " "))


def exercise(image, log_file):
    application = prepare(image)
    check(image.health() == 1, "the health check fails while nothing runs")
    ready_s = []
    for _ in range(STARTS - 1):
        with Gateway(image, log_file) as gateway:
            ready_s.append(gateway.ready_s)
    with Gateway(image, log_file) as gateway:
        ready_s.append(gateway.ready_s)
        check(min(ready_s) <= READY_LIMIT_S,
              f"it was ready {min(ready_s):.2f} s after its start, mounts included: the best of {STARTS}")
        check(image.health() == 0, "the health check passes")
        merchant = Merchant(image.port, application)
        check_footprint(first_process(gateway.process), merchant)
        pay(merchant)
    check(json.loads(image.run("ledger", "verify", "--json"))["ok"], "the ledger it left is sound")
    check_conforms(image, log_file)


def main():
    image_json, image_root, base_root, kubernetes = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        os.chmod(scratch, 0o755)
        image = Image(json.loads(pathlib.Path(image_json).read_text()), image_root, pathlib.Path(scratch))
        log_file = pathlib.Path(scratch) / "log"
        try:
            check_facts(image, base_root)
            check_manifests(image, pathlib.Path(kubernetes))
            exercise(image, log_file)
        except Failed as failure:
            print("failed:", failure)
            if log_file.exists():
                print(log_file.read_text())
            return 1
    return 0


sys.exit(main())
