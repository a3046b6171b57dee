"""What must hold whatever happened: nothing acknowledged is lost or doubled on any member, and everybody heard of it."""

from database import DATABASE
from merchants import CURRENCY, DEPOSIT, DEPOSIT_AMOUNT, PAYOUT_AMOUNT, Load
from processes import Failed, check, until

OPEN_WORK = ("SELECT (SELECT COUNT(*) FROM payments WHERE status IN ('created', 'processing')) + "
             "(SELECT COUNT(*) FROM provider_tasks) + "
             "(SELECT COUNT(*) FROM webhook_deliveries WHERE finished_ms = 0)")
PAYMENTS = "SELECT application_id, c_id, h_id, status, status_version, service_id FROM payments"
BALANCES = f"SELECT application_id, value, value_freezing FROM balances WHERE currency = '{CURRENCY}'"


def few(things):
    things = sorted(things, key=str)
    return f"{len(things)}: {', '.join(map(str, things[:3]))}" if things else "none"


class Books:
    """What the merchants were told since the beginning, beside what the database and the receiver have."""

    def __init__(self, cluster, receiver, verify_ledger):
        self.cluster, self.receiver, self.verify_ledger = cluster, receiver, verify_ledger
        self.acknowledged = {}
        self.balances = self.read_balances(cluster.members[0])
        if {int(application) for application in self.balances} < set(Load.APPLICATIONS):
            raise Failed("a merchant has no balance")

    @staticmethod
    def read_balances(member):
        return {row.split("\t")[0]: int(row.split("\t")[1]) for row in member.demand(BALANCES)}

    def check(self, load):
        """After a load that has stopped, with every member in step."""
        self.acknowledged.update(load.payments())
        faults = load.faults() + self.receiver.faults
        if faults:
            raise Failed(f"{len(faults)} answers or webhooks that should not have been, the first: {faults[0]}")
        if any(merchant.is_alive() for merchant in load.merchants):
            raise Failed("a merchant never learned what became of a payment")
        until(self.is_at_rest, "every payment final and every webhook delivered")
        rows = [self.payments_of(member) for member in self.cluster.members]
        for member, payments in zip(self.cluster.members, rows):
            self.check_payments(member, payments)
        until(self.members_agree, "the same rows on every member")
        self.check_events(rows[0])
        self.check_balances(rows[0])
        if not self.verify_ledger():
            raise Failed("ledger verify found a difference")
        check(True, f"of {len(self.acknowledged)} acknowledged payments none is lost or doubled on any member, all "
                    f"{len(self.receiver.ids())} events arrived ({self.receiver.repeated()} of them again), and the "
                    f"ledger is sound")

    def is_at_rest(self):
        lines = self.cluster.members[0].query(OPEN_WORK, database=DATABASE)
        return lines == ["0"]

    @staticmethod
    def payments_of(member):
        return [tuple(row.split("\t")) for row in member.demand(PAYMENTS)]

    def check_payments(self, member, rows):
        found = {}
        for application, c_id, h_id, *_ in rows:
            found.setdefault((int(application), c_id), []).append(h_id)
        lost = [key for key, payment in self.acknowledged.items() if payment.h_id not in found.get(key, [])]
        doubled = [key for key, h_ids in found.items() if len(h_ids) > 1]
        strange = [key for key in found if key not in self.acknowledged]
        if lost or doubled or strange:
            raise Failed(f"{member.name}: acknowledged and lost {few(lost)}; doubled {few(doubled)}; "
                         f"paid by nobody {few(strange)}")

    def members_agree(self):
        tables = self.cluster.members[0].demand("SHOW TABLES")
        sums = [member.demand("CHECKSUM TABLE " + ", ".join(tables)) for member in self.cluster.members]
        return all(one == sums[0] for one in sums)

    def check_events(self, payments):
        stored = [tuple(row.split("\t")) for row in
                  self.cluster.members[0].demand("SELECT event_id, h_id, status_version FROM events")]
        lost = {event for event, *_ in stored} - self.receiver.ids()
        never = self.receiver.ids() - {event for event, *_ in stored}
        twice = [change for change, ids in self.receiver.versions.items() if len(ids) > 1]
        versions = {h_id: int(version) for _, _, h_id, _, version, _ in payments}
        unheard = [h_id for h_id, version in versions.items()
                   if any((h_id, v) not in self.receiver.versions for v in range(1, version + 1))]
        if lost or never or twice or unheard:
            raise Failed(f"events that did not arrive {few(lost)}; that never were {few(never)}; two of one change "
                         f"{few(twice)}; payments not heard of to the end {few(unheard)}")

    def check_balances(self, payments):
        """What each merchant had, and what came and went since, by his own account."""
        unsuccessful = [h_id for _, _, h_id, status, _, _ in payments if status != "success"]
        if unsuccessful:
            raise Failed(f"payments that did not end in success {few(unsuccessful)}")
        expected = dict(self.balances)
        for application, _, _, _, _, service in payments:
            expected[application] += DEPOSIT_AMOUNT if int(service) == DEPOSIT else -PAYOUT_AMOUNT
        for member in self.cluster.members:
            if self.read_balances(member) != expected:
                raise Failed(f"{member.name}: balances are {self.read_balances(member)}, and should be {expected}")
