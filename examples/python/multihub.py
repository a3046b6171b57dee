"""A client for the multihub v1 API and a verifier for its webhooks.

Python 3.9 or later, nothing but the standard library. Copy this file into your project.

    client = Client(url, application_id, secret)
    payment = client.deposit(14701, 25000, "INR", "order-1001", payer={"email": "buyer@example.com"})
    payment = client.wait_until_final(c_id="order-1001")

Amounts are whole minor units. Payments are dicts, as the gateway writes them.
"""

from __future__ import annotations

import base64
import binascii
import datetime
import hashlib
import hmac
import http.client
import json
import random
import time
import urllib.parse
from typing import Any, Callable, Mapping, Optional, Sequence, Union

CId = Union[str, int]  # a whole number goes up to 2**53 - 1
Payment = dict[str, Any]

BUSY, HUB_ERROR, UNEXPECTED_ERROR = 1000, 2000, 2001
PAYMENT_EXISTS, PAYMENT_DOES_NOT_EXIST = 6009, 6010

# Worth repeating as it was. 2002 is not among them: the provider needs longer than a caller wants to wait.
_PASSING = frozenset({BUSY, HUB_ERROR, UNEXPECTED_ERROR})
# What is refused before the gateway knows whose secret to sign with. Any other answer must be signed.
_UNSIGNED = frozenset({BUSY, 1001, 1003, 1005, 1007, 3000, 3001, 3002, 3003, 3004, 3005})


class MultihubError(Exception):
    """What all errors of this module have in common."""


class ApiError(MultihubError):
    """The gateway refused the call; of a payment: this call created none, unless the code is 2000 or 2001."""

    def __init__(self, error: Mapping[str, Any], request_id: str, retry_after: Optional[int]):
        self.code: int = error["code"]
        self.details: Optional[dict] = error.get("details")
        self.context: Optional[dict] = error.get("context")
        self.request_id = request_id
        self.retry_after = retry_after  # seconds
        text = f"{self.code} {error.get('message')}"
        if self.details:
            text += f": {self.details.get('description')}"
        super().__init__(text)


class PaymentExistsError(ApiError):
    """The c_id belongs to an earlier payment (code 6009); no second one was created."""

    @property
    def h_id(self) -> str:
        return self.context["identifiers"]["h_id"]

    @property
    def status(self) -> str:
        return self.context["status"]


class NoAnswerError(MultihubError):
    """Timeout, lost connection, or an answer that is not the gateway's. Whether the call was carried out is open."""


class SignatureError(NoAnswerError):
    """The answer's signature is wrong or missing, so nothing it says counts."""


class OutcomeUnknownError(MultihubError):
    """Nobody could say whether the payment exists.

    Ask status(c_id=...) later. Found: go on with it. Code 6010 more than 60 seconds after this error: there is none.
    Until then use no other c_id for the same order.
    """

    def __init__(self, c_id: CId, reason: Exception):
        self.c_id = c_id
        super().__init__(f"it is open whether payment {c_id!r} exists: {reason}")


class Client:
    """One application at one gateway. It holds no connection and no state, so threads may share it.

    timeout: seconds to wait for the connection, and for each piece of an answer. The gateway answers within 10.
    attempts: how often a call is sent before its error is raised.
    max_pause: seconds; a Retry-After beyond it is left to the caller.
    """

    def __init__(
        self,
        url: str,
        application_id: int,
        secret: str,
        *,
        timeout: float = 15.0,
        attempts: int = 3,
        max_pause: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ):
        parts = urllib.parse.urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"not an http or https URL: {url}")
        self._connection_type = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port, self._path = parts.hostname, parts.port, parts.path or "/"
        self._application_id = application_id
        self._secret = secret.encode()
        self._timeout = timeout
        self._attempts = attempts
        self._max_pause = max_pause
        self._sleep = sleep

    def ping(self) -> str:
        return _part(self.call("gateway.ping"), "message")

    def balance(self) -> dict[str, Any]:
        return _part(self.call("balance.get"), "balance")

    def status(self, *, c_id: Optional[CId] = None, h_id: Optional[str] = None) -> Payment:
        """The payment as it is now. ApiError 6010: there is none with these identifiers."""
        identifiers = {key: value for key, value in (("c_id", c_id), ("h_id", h_id)) if value is not None}
        return _payment_in(self.call("payment.status", {"payment": {"identifiers": identifiers}}), identifiers)

    def deposit(
        self, service_id: int, amount: int, currency: str, c_id: CId, *, payer: Optional[Mapping] = None, **fields: Any
    ) -> Payment:
        """Takes money from a payer (payment.in). `fields` are further ones of the payment, such as webhook_url.

        The answer may be lost and the call repeated: there is one payment for a c_id all the same.
        Raises PaymentExistsError when the c_id was used before, OutcomeUnknownError when the end cannot be told.
        """
        return self._create("payment.in", service_id, amount, currency, c_id, {"payer": dict(payer or {}), **fields})

    def payout(
        self, service_id: int, amount: int, currency: str, c_id: CId, *, receiver: Mapping, **fields: Any
    ) -> Payment:
        """Sends money to a receiver (payment.out). Otherwise as deposit."""
        return self._create("payment.out", service_id, amount, currency, c_id, {"receiver": dict(receiver), **fields})

    def wait_until_final(
        self, *, c_id: Optional[CId] = None, h_id: Optional[str] = None, patience: float = 60.0, interval: float = 1.0
    ) -> Payment:
        """Asks until the payment is final, or for `patience` seconds; look at status.final. A server takes webhooks."""
        give_up = time.monotonic() + patience
        while True:
            payment = self.status(c_id=c_id, h_id=h_id)
            if payment["status"]["final"] or time.monotonic() >= give_up:
                return payment
            self._sleep(interval)

    def call(self, method: str, params: Optional[Mapping] = None, service_id: Optional[int] = None) -> dict[str, Any]:
        """Any method that may be repeated without harm; its result. Not for payment.in and payment.out."""
        body = _encode(method, params or {}, service_id)
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._exchange(body)
            except (ApiError, NoAnswerError) as error:
                if not self._pause_before_next(error, attempt):
                    raise

    def _create(
        self, method: str, service_id: int, amount: int, currency: str, c_id: CId, fields: Mapping[str, Any]
    ) -> Payment:
        wanted = {
            "amount": {"value": amount, "currency": currency},
            "service_id": service_id,
            "destination": method.rpartition(".")[2],
        }
        identifiers = {"c_id": c_id}
        payment = {**fields, "amount": wanted["amount"], "identifiers": identifiers}
        body = _encode(method, {"payment": payment}, service_id)  # every attempt sends these bytes

        in_doubt = False  # an attempt was made of which nobody knows whether it created the payment
        attempt = 0
        while True:
            attempt += 1
            try:
                return _payment_in(self._exchange(body), identifiers)
            except (ApiError, NoAnswerError) as error:
                failure = error
            code = failure.code if isinstance(failure, ApiError) else None
            refused = code is not None and code not in _PASSING
            if refused and not in_doubt:
                raise failure
            in_doubt = in_doubt or code != BUSY
            again = not refused and self._pause_before_next(failure, attempt)
            if again and code is not None:
                continue  # the same c_id: should the last attempt have created the payment, this one is told 6009
            if not in_doubt:
                raise failure
            # No answer, or 6009 after doubt: the payment may be there, so look before sending anything.
            found = self._find(c_id, failure)
            if found is not None:
                return _require_same(found, wanted)
            if not again:
                raise OutcomeUnknownError(c_id, failure) from failure

    def _find(self, c_id: CId, failure: MultihubError) -> Optional[Payment]:
        try:
            return self.status(c_id=c_id)
        except ApiError as error:
            if error.code == PAYMENT_DOES_NOT_EXIST:
                return None
            raise OutcomeUnknownError(c_id, error) from failure
        except NoAnswerError as error:
            raise OutcomeUnknownError(c_id, error) from failure

    def _pause_before_next(self, error: MultihubError, attempt: int) -> bool:
        """Waits as the error asks for; False: another attempt would be of no use."""
        if attempt >= self._attempts or isinstance(error, SignatureError):
            return False
        pause = 2.0 ** (attempt - 1) * random.uniform(0.5, 1.0)
        if isinstance(error, ApiError):
            if error.code not in _PASSING:
                return False
            pause = max(pause, error.retry_after or 0)
        if pause > self._max_pause:
            return False
        self._sleep(pause)
        return True

    def _exchange(self, body: bytes) -> dict[str, Any]:
        """One request, one answer: its result."""
        headers = {
            "Content-Type": "application/json",
            "X-Data-Application-Id": str(self._application_id),
            "X-Data-Hash": _sha512(body, self._secret),
        }
        connection = self._connection_type(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", self._path, body=body, headers=headers)
            response = connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            raise NoAnswerError(f"no answer: {str(error) or type(error).__name__}") from error
        finally:
            connection.close()
        return self._open(answer, response.headers, response.status)

    def _open(self, answer: bytes, headers: Mapping[str, str], http_status: int) -> dict[str, Any]:
        """What the answer's envelope holds, once its signature is verified."""
        signature = headers.get("X-Data-Hash")
        if signature is not None and not _equal(signature.lower(), _sha512(answer, self._secret)):
            raise SignatureError("the answer's signature is wrong")
        try:
            envelope = json.loads(answer)
            succeeded = envelope["success"] is True
            content = envelope["result" if succeeded else "error"]
            code = None if succeeded else content["code"]
        except (ValueError, KeyError, TypeError) as error:
            raise NoAnswerError(f"HTTP {http_status} without an answer of the gateway") from error
        if signature is None and code not in _UNSIGNED:
            raise SignatureError("the answer is not signed")
        if succeeded:
            return content
        retry_after = headers.get("Retry-After", "")
        kind = PaymentExistsError if code == PAYMENT_EXISTS else ApiError
        raise kind(content, envelope.get("request_id", ""), int(retry_after) if retry_after.isdecimal() else None)


class WebhookRefused(Exception):
    """The webhook is not the gateway's, or not of now. The message names the header that does not fit."""


class WebhookVerifier:
    """Tells whether a webhook comes from the gateway. During a rotation give both secrets, the new one first.

    api_secrets sign X-Data-Hash and X-Webhook-Signature-V2; endpoint_secrets ("whsec_...") sign webhook-signature.
    tolerance: how many seconds the moment of sending may be away from now.
    """

    def __init__(
        self,
        api_secrets: Sequence[str],
        endpoint_secrets: Sequence[str],
        *,
        tolerance: float = 300.0,
        clock: Callable[[], float] = time.time,
    ):
        if isinstance(api_secrets, str) or isinstance(endpoint_secrets, str):
            raise TypeError("secrets are given as lists")
        self._api_secrets = [secret.encode() for secret in api_secrets]
        self._endpoint_keys = [_endpoint_key(secret) for secret in endpoint_secrets]
        self._tolerance = tolerance
        self._clock = clock

    def verify(self, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        """The event, parsed. `body` is the request's body as it came; names of headers may have any case."""
        given = {name.lower(): value for name, value in headers.items()}

        def header(name: str) -> str:
            return given.get(name.lower(), "")

        hashes = [_sha512(body, secret) for secret in self._api_secrets]
        _require(_any_equal(hashes, [header("X-Data-Hash")]), "X-Data-Hash")

        sent = header("X-Webhook-Timestamp")
        hashes = [_sha512(sent.encode(), body, secret) for secret in self._api_secrets]
        _require(_any_equal(hashes, [header("X-Webhook-Signature-V2")]), "X-Webhook-Signature-V2")
        self._require_fresh(_seconds_of(sent), "X-Webhook-Timestamp")

        seconds = header("webhook-timestamp")
        signed = f"{header('webhook-id')}.{seconds}.".encode() + body
        signatures = [
            "v1," + base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in self._endpoint_keys
        ]
        # The gateway sends two during a rotation.
        _require(_any_equal(signatures, header("webhook-signature").split(" ")), "webhook-signature")
        self._require_fresh(int(seconds) if seconds.isdecimal() else None, "webhook-timestamp")
        return json.loads(body)

    def _require_fresh(self, sent: Optional[float], header: str) -> None:
        _require(sent is not None and abs(self._clock() - sent) <= self._tolerance, header)


def _encode(method: str, params: Mapping, service_id: Optional[int]) -> bytes:
    request: dict[str, Any] = {"method": method, "params": params}
    if service_id is not None:
        request["service_id"] = service_id
    return json.dumps(request, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _part(result: Mapping[str, Any], name: str) -> Any:
    """A signature does not say to which call an answer belongs; what is in it does."""
    if name not in result:
        raise NoAnswerError("the answer is to another call")
    return result[name]


def _payment_in(result: Mapping[str, Any], asked: Mapping[str, CId]) -> Payment:
    payment = _part(result, "payment")
    for key, value in asked.items():  # 7 and "7" are the same c_id
        if str(payment["identifiers"].get(key)) != str(value):
            raise NoAnswerError("the answer is about another payment")
    return payment


def _require_same(payment: Payment, wanted: Mapping[str, Any]) -> Payment:
    """A payment found by its c_id is the one we asked for, or an earlier one that happens to have the c_id."""
    if all(payment[key] == value for key, value in wanted.items()):
        return payment
    context = {"identifiers": payment["identifiers"], "status": payment["status"]["status"]}
    error = {"code": PAYMENT_EXISTS, "message": "Payment already exists, and is another one", "context": context}
    raise PaymentExistsError(error, "", None)


def _sha512(*parts: bytes) -> str:
    return hashlib.sha512(b"".join(parts)).hexdigest()


def _equal(a: str, b: str) -> bool:
    return hmac.compare_digest(a.encode(), b.encode())


def _any_equal(ours: Sequence[str], given: Sequence[str]) -> bool:
    return any([_equal(a, b) for a in ours for b in given])  # a list: all are compared, whichever fits


def _require(fits: bool, header: str) -> None:
    if not fits:
        raise WebhookRefused(header)


def _seconds_of(timestamp: str) -> Optional[float]:
    try:
        return datetime.datetime.strptime(timestamp, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()
    except ValueError:
        return None


def _endpoint_key(secret: str) -> bytes:
    prefix = "whsec_"
    if not secret.startswith(prefix):
        raise ValueError("an endpoint's secret begins with whsec_")
    try:
        return base64.b64decode(secret[len(prefix) :], validate=True)
    except binascii.Error as error:
        raise ValueError("after whsec_ an endpoint's secret is base64") from error
