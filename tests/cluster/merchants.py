"""Merchants who pay without end through HAProxy, and remember what they were told."""

import dataclasses
import hashlib
import http.client
import json
import ssl
import threading
import time

from gateways import SITE
from processes import HOST, PATIENCE_S

PATH = "/public/api/multihub/v1"
CALL_PATIENCE_S = 60
PAUSE_S = 0.015
DEPOSIT, PAYOUT, CURRENCY = 14702, 14803, "INR"  # routes of the sandbox without fees
DEPOSIT_AMOUNT, PAYOUT_AMOUNT = 25000, 2000  # both succeed, and there is always enough for the next payout
DUPLICATE, UNKNOWN = 6009, 6010
# "Try again", the gateway's or HAProxy's word for "nobody knows", and no answer at all.
OPEN = (1000, 2000, None)


def secret_of(application):
    return f"sandbox-secret-{application}-do-not-use-in-production"


def signature(body, application):
    return hashlib.sha512(body + secret_of(application).encode()).hexdigest()


@dataclasses.dataclass
class Call:
    began: float  # time.monotonic()
    ended: float
    merchant: int
    answered: bool  # what was asked for was done or told, in whatever words; else the call is to be repeated
    created: bool = False  # a payment was acknowledged


@dataclasses.dataclass
class Payment:
    h_id: str
    service_id: int
    version: int = 0  # the newest status_version that was seen


class Client:
    """Signed calls of one application over one connection at a time."""

    def __init__(self, port, trust, application):
        self.port, self.trust, self.application = port, trust, application
        self.connection = None

    def connect(self):
        self.connection = http.client.HTTPConnection(HOST, self.port, timeout=CALL_PATIENCE_S)
        self.connection.connect()
        self.connection.sock = self.trust.wrap_socket(self.connection.sock, server_hostname=SITE)

    def call(self, document):
        """The answer's document; None when there was none. What is signed must be signed well."""
        body = json.dumps(document).encode()
        try:
            if self.connection is None:
                self.connect()
            self.connection.request("POST", PATH, body, {
                "Content-Type": "application/json",
                "X-Data-Application-Id": str(self.application),
                "X-Data-Hash": signature(body, self.application),
            })
            response = self.connection.getresponse()
            answer = response.read()
            if response.will_close:
                self.close()
        except (OSError, http.client.HTTPException, ssl.SSLError):
            self.close()
            return None
        told = response.getheader("X-Data-Hash")
        if told is not None and told != signature(answer, self.application):
            return {"success": False, "error": {"code": 0, "message": "the signature does not verify"}}
        return json.loads(answer)

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None


class Merchant(threading.Thread):
    """Pays, asks about what it paid, and repeats what was not answered under the same c_id, as the documents say."""

    def __init__(self, number, client, service_id, prefix, load):
        super().__init__(daemon=True)
        self.number, self.client, self.service_id, self.prefix, self.load = number, client, service_id, prefix, load
        self.calls, self.payments, self.faults = [], {}, []

    def run(self):
        count = 0
        while not self.load.stopping:
            count += 1
            c_id = f"{self.prefix}-{count}"
            if self.pay(c_id):
                self.ask(c_id)
                # An older one too: an answer never shows an older state than one before.
                self.ask(f"{self.prefix}-{max(1, count - 5)}")
            time.sleep(PAUSE_S)
        self.client.close()

    def document(self, c_id):
        identifiers = {"c_id": c_id}
        if self.service_id == DEPOSIT:
            payment = {"payer": {}, "amount": {"value": DEPOSIT_AMOUNT, "currency": CURRENCY}}
            return {"method": "payment.in", "service_id": DEPOSIT,
                    "params": {"payment": {**payment, "identifiers": identifiers}}}
        payment = {"receiver": {"upi": {"vpa": "payee@examplebank"}},
                   "amount": {"value": PAYOUT_AMOUNT, "currency": CURRENCY}}
        return {"method": "payment.out", "service_id": PAYOUT,
                "params": {"payment": {**payment, "identifiers": identifiers}}}

    def call(self, document):
        """The answer and its code: 0 is success, None no answer."""
        began = time.monotonic()
        answer = self.client.call(document)
        code = None if answer is None else 0 if answer["success"] else answer["error"]["code"]
        created = code == 0 and document["method"] != "payment.status"
        self.calls.append(Call(began, time.monotonic(), self.number, code not in OPEN, created))
        return answer, code

    def pay(self, c_id):
        """Until it is known what became of it; False when that was given up."""
        open_before = False
        while not self.load.abandoned:
            answer, code = self.call(self.document(c_id))
            if code == 0:
                self.acknowledge(c_id, answer["result"]["payment"]["identifiers"]["h_id"])
                return True
            if code == DUPLICATE and open_before:
                self.acknowledge(c_id, answer["error"]["context"]["identifiers"]["h_id"])
                return True
            if code not in OPEN:
                self.faults.append(f"{c_id}: {json.dumps(answer)}")
                return False
            open_before = True
            time.sleep(PAUSE_S)
        return False

    def acknowledge(self, c_id, h_id):
        self.payments[c_id] = Payment(h_id, self.service_id)

    def ask(self, c_id):
        if c_id not in self.payments:
            return
        answer, code = self.call({"method": "payment.status", "params": {"payment": {"identifiers": {"c_id": c_id}}}})
        if code in OPEN:
            return
        known = self.payments[c_id]
        if code != 0:
            self.faults.append(f"{c_id} was acknowledged, and then: {json.dumps(answer)}")
            return
        payment = answer["result"]["payment"]
        if payment["identifiers"]["h_id"] != known.h_id:
            self.faults.append(f"{c_id} was acknowledged as {known.h_id}, and then: {json.dumps(answer)}")
        if payment["status_version"] < known.version:
            self.faults.append(f"{c_id} went back from version {known.version}: {json.dumps(answer)}")
        known.version = max(known.version, payment["status_version"])


class Load:
    """Merchants of three applications, each with a deposit and a payout at a time. Begins at once."""

    APPLICATIONS = (1, 2, 5)

    def __init__(self, port, trust, name):
        self.stopping = self.abandoned = False
        kinds = [(application, service) for application in self.APPLICATIONS for service in (DEPOSIT, PAYOUT)]
        self.merchants = [Merchant(i, Client(port, trust, application), service, f"{name}-{i}", self)
                          for i, (application, service) in enumerate(kinds)]
        for merchant in self.merchants:
            merchant.start()

    def calls(self):
        return [call for merchant in self.merchants for call in merchant.calls[:]]

    def faults(self):
        return [fault for merchant in self.merchants for fault in merchant.faults[:]]

    def everybody_paid(self, since, times):
        """Whether each merchant was acknowledged so many payments for which it called after `since`."""
        return all(sum(call.created and call.began > since for call in merchant.calls[:]) >= times
                   for merchant in self.merchants)

    def payments(self):
        """(application, c_id) → Payment, of all that was acknowledged. Once it has stopped."""
        return {(merchant.client.application, c_id): payment for merchant in self.merchants
                for c_id, payment in merchant.payments.items()}

    def stop(self):
        """Lets everybody find out about his last payment."""
        self.stopping = True
        give_up = time.monotonic() + PATIENCE_S
        for merchant in self.merchants:
            merchant.join(max(0, give_up - time.monotonic()))
        self.abandon()

    def abandon(self):
        self.stopping = self.abandoned = True
