"""What happens to the cluster. Each accident happens at the beginning of its `with`, and is mended at the end of it."""

import contextlib

# Towards merchants; printed beside what is measured, never asserted.
WRITER_TARGET_S, GATEWAY_TARGET_S = 10, 1
LAG_S = 3


class Site:
    """The parts that accidents happen to."""

    def __init__(self, cluster, haproxy, gateways):
        self.cluster, self.haproxy, self.gateways = cluster, haproxy, gateways

    def writer(self):
        return self.haproxy.writer()

    def bystander(self):
        """A member that is not the writer."""
        return self.cluster.others(self.writer())[0]

    def await_whole(self):
        self.cluster.await_whole()
        self.haproxy.await_all_up(self.gateways)


@contextlib.contextmanager
def killed_gateway(site):
    gateway = site.gateways[0]
    gateway.kill()
    yield
    gateway.start(site.haproxy.database_url())


@contextlib.contextmanager
def killed(site, member):
    member.kill()
    yield
    member.start()


@contextlib.contextmanager
def stopped(site, member):
    member.stop()
    yield
    member.start()


@contextlib.contextmanager
def isolated(site, member):
    """Cut off from the other members, while HAProxy and whoever else still reach it."""
    member.isolate(True)
    try:
        site.cluster.await_without(member)
        yield
    finally:
        member.isolate(False)


@contextlib.contextmanager
def frozen(site, member):
    member.freeze()
    try:
        site.cluster.await_without(member)
        yield
    finally:
        member.thaw()


@contextlib.contextmanager
def lagging_successor(site):
    """The next writer holds all that the others committed, but does not show it yet."""
    writer = site.writer()
    successor = site.cluster.others(writer)[0]
    with successor.not_applying(LAG_S):
        writer.kill()
        yield
    writer.start()


class Accident:
    def __init__(self, what, begin, target_s=WRITER_TARGET_S):
        self.what, self.begin, self.target_s = what, begin, target_s


ACCIDENTS = {
    "gateway-kill": Accident("a gateway killed", killed_gateway, GATEWAY_TARGET_S),
    "writer-kill": Accident("the writer killed", lambda site: killed(site, site.writer())),
    "writer-kill-lag": Accident(f"the writer killed, the next one {LAG_S} s behind", lagging_successor),
    "writer-stop": Accident("the writer stopped in good order", lambda site: stopped(site, site.writer())),
    "member-stop": Accident("another member stopped in good order", lambda site: stopped(site, site.bystander())),
    "member-partition": Accident("another member cut off", lambda site: isolated(site, site.bystander())),
    "writer-partition": Accident("the writer cut off", lambda site: isolated(site, site.writer())),
    "member-freeze": Accident("another member frozen", lambda site: frozen(site, site.bystander())),
    "writer-freeze": Accident("the writer frozen", lambda site: frozen(site, site.writer())),
}
SHORT = ("writer-kill",)
