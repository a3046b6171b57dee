"""The Galera cluster of deploy/compose, as processes."""

import contextlib
import shutil
import signal
import subprocess

from processes import HOST, PATIENCE_S, SERVER_USER, Failed, Process, check, end_with_parent, replaced, run, until

MEMBERS = 3
DATABASE, ACCOUNT, PASSWORD = "multihub", "multihub", "cluster"
READY = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = 'WSREP_READY'"
STATUS = "SELECT VARIABLE_VALUE FROM information_schema.GLOBAL_STATUS WHERE VARIABLE_NAME = '{}'"
QUERY_PATIENCE_S = 20
STARTS = 3


def operating_system_user():
    return SERVER_USER or run(["id", "-un"]).stdout.strip()


class Member:
    """One db of the compose file, with its galera.cnf. Names become loopback addresses and ports; memory and caches are
    small; everything else is the file's."""

    def __init__(self, scratch, number, compose, ports, groups):
        self.name = f"db{number + 1}"
        self.port = ports.take()
        self.directory = scratch / self.name
        self.data = self.directory / "data"
        self.directory.mkdir()
        self.process = None
        here = f"gmcast.listen_addr=tcp://{HOST}:{groups[number]};ist.recv_addr={HOST}:{ports.take()}"
        configuration = replaced((compose / "galera.cnf").read_text(), [
            ("gcomm://db1,db2,db3", "gcomm://" + ",".join(f"{HOST}:{port}" for port in groups)),
            ("innodb_buffer_pool_size = 512M", "innodb_buffer_pool_size = 64M"),
            ("gcache.size=256M", "gcache.size=32M"),
            ('install_timeout=PT2S"', f'install_timeout=PT2S;{here}"'),
            ("wsrep_sst_auth = mysql:", f"wsrep_sst_auth = {operating_system_user()}:"),
        ])
        configuration += f"""
bind_address = {HOST}
port = {self.port}
datadir = {self.data}
tmpdir = {self.directory}
socket = {self.directory}/socket
pid_file = {self.directory}/pid
log_error = {self.directory}/log.err
innodb_log_file_size = 48M
performance_schema = OFF
wsrep_node_name = {self.name}
wsrep_node_address = {HOST}:{groups[number]}
wsrep_sst_receive_address = {HOST}:{ports.take()}
"""
        (self.directory / "my.cnf").write_text(configuration)
        if SERVER_USER:
            shutil.chown(self.directory, SERVER_USER)

    def copy_data(self, source):
        done = run(["cp", "-a", "--reflink=auto", source, self.data])
        if done.returncode != 0:
            raise Failed(f"no copy of {source}: {done.stderr}")

    def start(self, *words):
        # As the service of the Debian package and the database's image do: where it stopped, if it was killed.
        recovered = run(["galera_recovery", f"--defaults-file={self.directory}/my.cnf"], **self.as_server())
        self.process = Process(["mariadbd", f"--defaults-file={self.directory}/my.cnf", *recovered.stdout.split(),
                                *words], self.directory / "output", user=SERVER_USER)

    @staticmethod
    def as_server():
        return {"user": SERVER_USER, "group": SERVER_USER, "extra_groups": []} if SERVER_USER else {}

    def runs(self):
        return self.process is not None and self.process.runs()

    def kill(self):
        if self.process is not None:
            self.process.kill()

    def freeze(self):
        self.process.signal(signal.SIGSTOP)

    def thaw(self):
        self.process.signal(signal.SIGCONT)

    def isolate(self, apart):
        """Cuts its connections with the other members, and those alone; or lets them be again."""
        if self.query(f"SET GLOBAL wsrep_provider_options = 'gmcast.isolate={1 if apart else 0}'") is None:
            raise Failed(f"{self.name} cannot be {'cut off' if apart else 'joined again'}")

    @contextlib.contextmanager
    def not_applying(self, seconds):
        """Keeps it for so long from applying what the other members commit; they go on."""
        hold = (f"SET GLOBAL wsrep_desync = ON; FLUSH TABLES WITH READ LOCK; SELECT 'held'; DO SLEEP({seconds}); "
                "UNLOCK TABLES; SET GLOBAL wsrep_desync = OFF")
        client = subprocess.Popen(["mariadb", "--no-defaults", f"--socket={self.directory}/socket", "--user=root",
                                   "--unbuffered", "-BN", "-e", hold], stdout=subprocess.PIPE, text=True,
                                  preexec_fn=end_with_parent)
        try:
            if client.stdout.readline() != "held\n":
                raise Failed(f"{self.name} cannot be held up")
            yield
            client.wait(PATIENCE_S)
        finally:
            client.kill()
            client.wait()

    def stop(self):
        """As a service manager stops it."""
        self.process.signal(signal.SIGTERM)
        self.process.wait()

    def query(self, sql, user="root", database=""):
        """What the server says, a line for each row; None when it does not answer or refuses."""
        words = ["mariadb", "--no-defaults", f"--socket={self.directory}/socket", f"--user={user}",
                 "--connect-timeout=5", "-BN", "-e", sql, *([database] if database else [])]
        options = self.as_server() if user == SERVER_USER else {}
        try:
            done = run(words, QUERY_PATIENCE_S, **options)
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.splitlines() if done.returncode == 0 else None

    def demand(self, sql, database=DATABASE):
        """What the server says, when it is in step with all that was committed before."""
        lines = self.query("SET SESSION wsrep_sync_wait = 15; " + sql, database=database)
        if lines is None:
            raise Failed(f"{self.name} does not answer: {sql}")
        return lines

    def status(self, name):
        lines = self.query(STATUS.format(name))
        return lines[0] if lines else ""

    def is_ready(self):
        # The compose file's health check: the same account where there is one, the same question.
        return self.query(READY, SERVER_USER or "root") == ["ON"]

    def sees(self, size):
        return self.status("WSREP_CLUSTER_SIZE") == str(size) and self.status("WSREP_CLUSTER_STATUS") == "Primary"

    def await_ready(self):
        """A member that finds no majority for half a minute ends. It is started again, as a service manager would."""
        for _ in range(STARTS):
            until(lambda: not self.runs() or self.is_ready(), f"{self.name} in step")
            if self.runs():
                return
            self.start()
        raise Failed(f"{self.name} ended again and again:\n{self.words()}")

    def words(self):
        log = self.directory / "log.err"
        return log.read_text(errors="replace")[-3000:] if log.exists() else self.process.last_words()


class Cluster:
    def __init__(self, scratch, compose, ports):
        self.compose = compose
        groups = [ports.take() for _ in range(MEMBERS)]
        self.members = [Member(scratch, i, compose, ports, groups) for i in range(MEMBERS)]

    def begin(self, template, by_transfer):
        """An empty database with its account on every member. By transfer: as the compose file's comment has it, each
        new member copying from the first. Else the others begin with copies of its files, which is quicker."""
        first, *others = self.members
        first.copy_data(template)
        self.start_first()
        accounts = replaced((self.compose / "accounts.sql").read_text(),
                            [("'mysql'@", f"'{operating_system_user()}'@")])
        for sql in (accounts, f"CREATE DATABASE {DATABASE}; CREATE USER {ACCOUNT}@'%' IDENTIFIED BY '{PASSWORD}'; "
                              f"GRANT ALL ON {DATABASE}.* TO {ACCOUNT}@'%'"):
            if first.query(sql) is None:
                raise Failed("the accounts could not be made")
        if by_transfer:
            for member in others:
                member.copy_data(template)
                member.start()
                member.await_ready()
            first.stop()
            first.start()
        else:
            first.stop()
            for member in others:
                member.copy_data(first.data)
                (member.data / "galera.cache").unlink(missing_ok=True)
            self.start_first()
            for member in others:
                member.start()
                member.await_ready()
        self.await_whole()
        how = "the others copied from it, and it came back as one of them" if by_transfer else "the others joined it"
        check(True, f"{first.name} began the cluster, {how}")

    def start_first(self):
        first = self.members[0]
        first.start("--wsrep-new-cluster")
        until(lambda: not first.runs() or first.query("SELECT 1") == ["1"], f"{first.name}, which begins the cluster")

    def await_whole(self):
        for member in self.members:
            member.await_ready()
            until(lambda: member.sees(MEMBERS), f"{member.name} and all others in one cluster")

    def others(self, member):
        return [other for other in self.members if other is not member]

    def await_without(self, member):
        """Until the others go on without it."""
        for other in self.others(member):
            until(lambda: other.sees(MEMBERS - 1), f"{other.name} without {member.name}")

    def kill(self):
        for member in self.members:
            member.kill()
