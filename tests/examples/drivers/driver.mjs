// One call of the Node.js client, as the tests order it. What came of it is printed as one line of JSON.

import { readFileSync } from "node:fs";
import * as multihub from "./multihub.mjs";

const { env } = process;
const slept = [];

function client() {
  return new multihub.MultihubClient({
    url: env.MULTIHUB_URL,
    applicationId: Number(env.MULTIHUB_APPLICATION_ID),
    secret: env.MULTIHUB_SECRET,
    timeoutMs: Number(env.TIMEOUT_S) * 1000,
    sleep: async (ms) => slept.push(ms / 1000),
  });
}

function verify(headersFile, bodyFile) {
  const headers = {};
  for (const line of readFileSync(headersFile, "latin1").trimEnd().split("\n")) {
    const colon = line.indexOf(": ");
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2);
  }
  const given = (...names) => names.map((name) => env[name]).filter((secret) => secret !== undefined);
  const verifier = new multihub.WebhookVerifier({
    apiSecrets: given("MULTIHUB_SECRET", "MULTIHUB_PREVIOUS_SECRET"),
    endpointSecrets: given("MULTIHUB_WEBHOOK_SECRET", "MULTIHUB_PREVIOUS_WEBHOOK_SECRET"),
  });
  return verifier.verify(headers, readFileSync(bodyFile)).id;
}

const words = {
  ping: () => client().ping(),
  balance: () => client().balance(),
  status: (cId) => client().status({ cId: JSON.parse(cId) }),
  deposit: (cId, amount) =>
    client().deposit({
      serviceId: 14702,
      amount: Number(amount),
      currency: "INR",
      cId: JSON.parse(cId),
      description: "Zoë's 2 € </b>",
    }),
  payout: (cId, amount) =>
    client().payout({
      serviceId: 14801,
      amount: Number(amount),
      currency: "MXN",
      cId: JSON.parse(cId),
      receiver: { bank: { account: { id: "646180000000000423" } } },
    }),
  verify: async (headers, body) => verify(headers, body),
};

async function outcome([word, ...args]) {
  try {
    return { outcome: "done", result: await words[word](...args) };
  } catch (error) {
    if (error instanceof multihub.PaymentExistsError) {
      return { outcome: "exists", h_id: error.hId, status: error.status };
    }
    if (error instanceof multihub.ApiError) return { outcome: "refused", code: error.code };
    if (error instanceof multihub.SignatureError) return { outcome: "bad signature" };
    if (error instanceof multihub.NoAnswerError) return { outcome: "no answer" };
    if (error instanceof multihub.OutcomeUnknownError) return { outcome: "unknown" };
    if (error instanceof multihub.WebhookRefused) return { outcome: "webhook refused", header: error.message };
    throw error;
  }
}

console.log(JSON.stringify({ ...(await outcome(process.argv.slice(2))), slept }));
