// A walk through the API, by default at the sandbox that `./dev run` serves: node quickstart.mjs

import { randomUUID } from "node:crypto";
import { ApiError, MultihubClient, MultihubError, PaymentExistsError } from "./multihub.mjs";

const {
  MULTIHUB_URL = "http://127.0.0.1:8080/public/api/multihub/v1",
  MULTIHUB_APPLICATION_ID = "1",
  MULTIHUB_SECRET = "sandbox-secret-1-do-not-use-in-production",
} = process.env;

async function main() {
  const client = new MultihubClient({
    url: MULTIHUB_URL,
    applicationId: Number(MULTIHUB_APPLICATION_ID),
    secret: MULTIHUB_SECRET,
  });
  const run = randomUUID().slice(-12);

  console.log("ping:", await client.ping());
  for (const { value, currency, value_freezing } of (await client.balance()).amounts) {
    console.log(`balance: ${value} ${currency}, frozen ${value_freezing}`);
  }

  const order = `order-${run}`;
  const upi = { serviceId: 14701, currency: "INR" };
  let deposit = await client.deposit({
    ...upi,
    amount: 25000,
    cId: order,
    payer: { email: "buyer@example.com", person: { first_name: "Zoë" } },
    description: "Café, 2 €",
  });
  console.log(`deposit ${order}: ${deposit.status.status}, ${deposit.identifiers.h_id}`);
  console.log("the payer's link:", deposit.redirect.to);
  deposit = await client.waitUntilFinal({ cId: order });
  console.log(`deposit ${order}: ${deposit.status.status}`);

  const withdrawal = `payout-${run}`;
  let payout = await client.payout({
    serviceId: 14801,
    amount: 150000,
    currency: "MXN",
    cId: withdrawal,
    receiver: {
      person: { first_name: "Inés", last_name: "Vega" },
      bank: { account: { id: "646180000000000423" } },
    },
  });
  console.log(`payout ${withdrawal}: ${payout.status.status}, ${payout.identifiers.h_id}`);
  payout = await client.waitUntilFinal({ hId: payout.identifiers.h_id });
  console.log(`payout ${withdrawal}: ${payout.status.status}`);

  const payment = await client.status({ cId: order });
  console.log(`status of ${order}: ${payment.status.status}, version ${payment.status_version}`);

  try {
    await client.deposit({ ...upi, amount: 25000, cId: order });
  } catch (error) {
    if (!(error instanceof PaymentExistsError)) throw error;
    console.log(`the same c_id again: refused, it is ${error.hId} (${error.status})`);
  }

  try {
    await client.deposit({ ...upi, amount: 1, cId: `small-${run}` });
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { min, max } = error.context;
    console.log(`an amount below the minimum: refused, ${error.message} (from ${min} to ${max})`);
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof MultihubError)) throw error;
  console.error(`${error.name}: ${error.message}`);
  process.exitCode = 1;
}
