"""A walk through the API, by default at the sandbox that `./dev run` serves: python3 quickstart.py"""

import os
import sys
import uuid

from multihub import ApiError, Client, MultihubError, PaymentExistsError


def main() -> None:
    client = Client(
        os.environ.get("MULTIHUB_URL", "http://127.0.0.1:8080/public/api/multihub/v1"),
        int(os.environ.get("MULTIHUB_APPLICATION_ID", "1")),
        os.environ.get("MULTIHUB_SECRET", "sandbox-secret-1-do-not-use-in-production"),
    )
    run = uuid.uuid4().hex[:12]

    print("ping:", client.ping())
    for amount in client.balance()["amounts"]:
        print(f"balance: {amount['value']} {amount['currency']}, frozen {amount['value_freezing']}")

    order = f"order-{run}"
    payer = {"email": "buyer@example.com", "person": {"first_name": "Zoë"}}
    deposit = client.deposit(14701, 25000, "INR", order, payer=payer, description="Café, 2 €")
    print(f"deposit {order}: {deposit['status']['status']}, {deposit['identifiers']['h_id']}")
    print("the payer's link:", deposit["redirect"]["to"])
    deposit = client.wait_until_final(c_id=order)
    print(f"deposit {order}: {deposit['status']['status']}")

    withdrawal = f"payout-{run}"
    receiver = {
        "person": {"first_name": "Inés", "last_name": "Vega"},
        "bank": {"account": {"id": "646180000000000423"}},
    }
    payout = client.payout(14801, 150000, "MXN", withdrawal, receiver=receiver)
    print(f"payout {withdrawal}: {payout['status']['status']}, {payout['identifiers']['h_id']}")
    payout = client.wait_until_final(h_id=payout["identifiers"]["h_id"])
    print(f"payout {withdrawal}: {payout['status']['status']}")

    payment = client.status(c_id=order)
    print(f"status of {order}: {payment['status']['status']}, version {payment['status_version']}")

    try:
        client.deposit(14701, 25000, "INR", order)
    except PaymentExistsError as error:
        print(f"the same c_id again: refused, it is {error.h_id} ({error.status})")

    try:
        client.deposit(14701, 1, "INR", f"small-{run}")
    except ApiError as error:
        print(f"an amount below the minimum: refused, {error} (from {error.context['min']} to {error.context['max']})")


if __name__ == "__main__":
    try:
        main()
    except MultihubError as error:
        sys.exit(f"{type(error).__name__}: {error}")
