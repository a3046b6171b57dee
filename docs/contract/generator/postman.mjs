// The Postman collection: every method once, in an order that works against the sandbox from top to bottom.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { METHODS } from "./schemas.mjs";

const script = (name) =>
  fs
    .readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), name), "utf8")
    .trimEnd()
    .split("\n");
const event = (listen, lines) => ({ listen, script: { type: "text/javascript", exec: lines } });

const remember = (name, from) => [`pm.collectionVariables.set("${name}", pm.response.json().${from});`];

// Asks again until the payment is final; gives up after a minute.
const untilFinal = [
  "const { payment } = pm.response.json().result;",
  'const asked = Number(pm.variables.get("asked") || 0) + 1;',
  'pm.variables.set("asked", payment.status.final ? 0 : asked);',
  "if (!payment.status.final && asked < 240) {",
  "  setTimeout(() => {}, 250);",
  "  pm.execution.setNextRequest(pm.info.requestName);",
  "} else {",
  '  pm.test("the payment becomes final", () => pm.expect(payment.status.status).to.equal("success"));',
  "}",
];

const quoted = (value) => JSON.stringify(value, null, 2);
// Numbers that are variables stand in the text without quotes.
const body = (value) => quoted(value).replaceAll(/"(\{\{issued_at\}\})"/g, "$1");

const change = { issued_at: "{{issued_at}}", nonce: "{{nonce}}" };
const byOrder = { payment: { identifiers: { c_id: "{{c_id}}" } } };
const ofWebhook = { ...change, id: "{{webhook_id}}" };

const REQUESTS = [
  ["gateway.ping", {}],
  ["balance.get", {}],
  [
    "payment.in",
    {
      payment: {
        payer: { email: "buyer@example.com", person: { first_name: "Zoë", last_name: "Rao" } },
        amount: { value: 25000, currency: "INR" },
        identifiers: { c_id: "order-{{$guid}}" },
      },
    },
    {
      service_id: 14701,
      after: [
        ...remember("c_id", "result.payment.identifiers.c_id"),
        ...remember("h_id", "result.payment.identifiers.h_id"),
      ],
    },
  ],
  [
    "payment.in",
    { payment: { payer: {}, amount: { value: 25000, currency: "INR" }, identifiers: { c_id: "{{c_id}}" } } },
    { service_id: 14701, name: "payment.in again: 6009", code: 6009 },
  ],
  [
    "payment.out",
    {
      payment: {
        receiver: { person: { first_name: "Ana", last_name: "Ruiz" }, bank: { account: { id: "032180000118359719" } } },
        amount: { value: 150000, currency: "MXN" },
        identifiers: { c_id: "payout-{{$guid}}" },
      },
    },
    { service_id: 14801 },
  ],
  ["payment.status", byOrder, { name: "payment.status until it is final", after: untilFinal }],
  [
    "webhook.create",
    {
      ...change,
      url: "{{webhook_url}}/{{$guid}}",
      events: ["payment.completed", "payment.failed"],
      description: "Order system",
    },
    { after: remember("webhook_id", "result.webhook.id") },
  ],
  ["webhook.list", {}],
  ["webhook.get", { id: "{{webhook_id}}" }],
  ["webhook.update", { ...ofWebhook, events: ["*"] }],
  ["webhook.disable", ofWebhook],
  ["webhook.enable", ofWebhook],
  ["webhook.rotate_secret", ofWebhook],
  ["webhook.test", ofWebhook],
  ["event.list", { h_id: "{{h_id}}", limit: 10 }, { after: remember("event_id", "result.events[0].id") }],
  ["event.replay", { ...change, id: "{{event_id}}", webhook_id: "{{webhook_id}}" }],
  ["event.get", { id: "{{event_id}}" }],
  ["payment.notification", byOrder],
  ["webhook.delete", ofWebhook],
];

const headers = [{ key: "Content-Type", value: "application/json" }];

// A request's own scripts run after those of the collection, so the signature is made before them.
function item([method, params, { name = method, service_id, after = [], code = 0 } = {}]) {
  const events = [];
  if (code) events.push(event("prerequest", [`pm.variables.set("expected_code", ${code});`]));
  if (after.length > 0) events.push(event("test", after));
  const summary = METHODS.find((one) => one.name === method).summary;
  return {
    name,
    event: events,
    request: {
      method: "POST",
      description: `${summary}.`,
      header: headers,
      url: "{{base_url}}/public/api/multihub/v1",
      body: {
        mode: "raw",
        raw: body({ method, ...(service_id && { service_id }), params }),
        options: { raw: { language: "json" } },
      },
    },
  };
}

const resend = {
  name: "payment.notification by its REST path",
  event: [],
  request: {
    method: "POST",
    description: "The body is empty; the hash is that of the secret alone.",
    header: [],
    url: "{{base_url}}/api/v1/payments/{{h_id}}/webhook/resend",
  },
};

// Before the endpoint is deleted: without one the answer is 8001.
function items() {
  const all = REQUESTS.map(item);
  all.splice(all.length - 1, 0, resend);
  return all;
}

export function postman(version) {
  const missing = METHODS.filter((method) => !REQUESTS.some(([name]) => name === method.name));
  if (missing.length > 0) throw new Error(`the collection does not call ${missing.map((method) => method.name)}`);
  return {
    info: {
      name: "multihub",
      version,
      description:
        "Every method of the merchant API. The collection signs each request and checks the signature of each " +
        "answer. Its variables are those of the sandbox that ./dev run serves.",
      schema: "https://schema.getpostman.com/json/collection/v2.1.0/collection.json",
    },
    event: [event("prerequest", script("sign.js")), event("test", script("verify.js"))],
    variable: [
      { key: "base_url", value: "http://127.0.0.1:8080" },
      { key: "application_id", value: "1" },
      { key: "secret", value: "sandbox-secret-1-do-not-use-in-production" },
      { key: "webhook_url", value: "http://127.0.0.1:8081/hooks" },
      { key: "c_id", value: "" },
      { key: "h_id", value: "" },
      { key: "webhook_id", value: "" },
      { key: "event_id", value: "" },
    ],
    item: items(),
  };
}
