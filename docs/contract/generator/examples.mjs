// Examples: what the pages in docs/ show, and for the rest answers put together from it.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const docs = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");

// The ```json blocks of a page, parsed.
function blocksOf(page) {
  const markdown = fs.readFileSync(path.join(docs, page), "utf8");
  return [...markdown.matchAll(/^```json\n(.*?)^```$/gms)].map(([, json]) => JSON.parse(json));
}

const REQUEST_ID = "879e4e77-486a-484d-89d9-dbd5fb4642dc";
const payment = () => blocksOf("api/payment_object.md")[0];
export const webhook = () => blocksOf("webhooks.md")[0];

const envelope = (result) => ({ success: true, result, request_id: REQUEST_ID, processing_time: 1 });

export function requestExample(method) {
  const found = blocksOf(`api/${method.replace(".", "_")}.md`).find((block) => block.method === method);
  if (!found) throw new Error(`the page of ${method} shows no request`);
  return found;
}

// What a page shows is the example of its own method; the results of others are made of the same objects.
// `providerError` stands in the status of a payment that failed.
export function successExamples(providerError) {
  const shown = {};
  for (const method of ["gateway.ping", "payment.in", "balance.get", "webhook.create", "webhook.test", "event.list"]) {
    const found = blocksOf(`api/${method.replace(".", "_")}.md`).find((block) => block.success === true);
    if (!found) throw new Error(`the page of ${method} shows no answer`);
    shown[method] = found;
  }
  const { webhook: endpoint, attempt } = shown["webhook.test"].result;
  const [event] = shown["event.list"].result.events;
  const body = webhook();
  const delivery = {
    id: "dlv_01m81c7b4smbzhe0cfk4mmysj4",
    webhook_id: endpoint.id,
    h_id: payment().identifiers.h_id,
    status_version: 3,
    state: "delivered",
    outcome: null,
    attempt_count: 1,
    next_attempt_at: null,
    created_at: "2026-05-01T10:00:02.130Z",
    expires_at: "2026-05-06T16:00:02.130Z",
    finished_at: "2026-05-01T10:00:02.204Z",
  };
  const queued = {
    ...delivery,
    state: "pending",
    attempt_count: 0,
    next_attempt_at: "2026-05-01T10:10:00.000Z",
    finished_at: null,
  };
  const error = { code: providerError.code, message: providerError.message };
  const failed = { ...payment(), status: { status: "error", final: true, success: false, error } };
  return {
    ...shown,
    "payment.status": envelope({ payment: payment() }),
    "payment.status of a payment that failed": envelope({ payment: failed }),
    "payment.notification": envelope({ message: "queued", payment: payment() }),
    "webhook.list": envelope({ webhooks: [endpoint] }),
    "webhook.get": envelope({ webhook: endpoint }),
    "event.get": envelope({
      event: {
        ...event,
        id: body.id,
        event: "payment.completed",
        created_at: body.created_at,
        body,
        deliveries: [{ ...delivery, attempts: [attempt] }],
      },
    }),
    "event.replay": envelope({ deliveries: [queued] }),
  };
}

const details = {
  1000: { description: "Rate limit exceeded" },
  1005: { description: "params.payment.payer is required and must be an object", field: "params.payment.payer" },
};
const context = {
  5000: { min: 100, max: 10000000 },
  6009: { identifiers: { c_id: "order-1001", h_id: "pay_01m81bmz2smbzhe0cfk4mmysj4" }, status: "success" },
};

export function errorExample(row) {
  return {
    success: false,
    error: {
      code: row.code,
      message: row.message,
      details: details[row.code] ?? null,
      context: context[row.code] ?? null,
    },
    request_id: REQUEST_ID,
    processing_time: 0,
  };
}
