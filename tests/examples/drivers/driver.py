"""One call of the Python client, as the tests order it. What came of it is printed as one line of JSON."""

import json
import os
import sys

from multihub import (
    ApiError,
    Client,
    MultihubError,
    NoAnswerError,
    OutcomeUnknownError,
    PaymentExistsError,
    SignatureError,
    WebhookRefused,
    WebhookVerifier,
)

slept = []


def client():
    return Client(
        os.environ["MULTIHUB_URL"],
        int(os.environ["MULTIHUB_APPLICATION_ID"]),
        os.environ["MULTIHUB_SECRET"],
        timeout=float(os.environ["TIMEOUT_S"]),
        sleep=slept.append,
    )


def verify(headers_file, body_file):
    with open(headers_file, encoding="latin-1") as file:
        lines = [line.rstrip("\n").partition(": ") for line in file]
    with open(body_file, "rb") as file:
        body = file.read()

    def secrets(name):
        return [os.environ[key] for key in (name, name.replace("MULTIHUB_", "MULTIHUB_PREVIOUS_")) if key in os.environ]

    verifier = WebhookVerifier(secrets("MULTIHUB_SECRET"), secrets("MULTIHUB_WEBHOOK_SECRET"))
    return verifier.verify({name: value for name, _, value in lines}, body)["id"]


def run(word, *args):
    if word == "ping":
        return client().ping()
    if word == "balance":
        return client().balance()
    if word == "status":
        return client().status(c_id=json.loads(args[0]))
    if word == "deposit":
        return client().deposit(14702, int(args[1]), "INR", json.loads(args[0]), description="Zoë's 2 € </b>")
    if word == "payout":
        receiver = {"bank": {"account": {"id": "646180000000000423"}}}
        return client().payout(14801, int(args[1]), "MXN", json.loads(args[0]), receiver=receiver)
    if word == "verify":
        return verify(*args)
    raise ValueError(word)


def outcome():
    try:
        return {"outcome": "done", "result": run(*sys.argv[1:])}
    except PaymentExistsError as error:
        return {"outcome": "exists", "h_id": error.h_id, "status": error.status}
    except ApiError as error:
        return {"outcome": "refused", "code": error.code}
    except SignatureError:
        return {"outcome": "bad signature"}
    except NoAnswerError:
        return {"outcome": "no answer"}
    except OutcomeUnknownError:
        return {"outcome": "unknown"}
    except MultihubError as error:
        return {"outcome": repr(error)}
    except WebhookRefused as error:
        return {"outcome": "webhook refused", "header": str(error)}


print(json.dumps({**outcome(), "slept": slept}))
