// payment.in: the fields of the call, the business checks, the payment object.
import { randomFillSync, randomUUID } from "node:crypto";
import { invalid, Refusal } from "./refusal.mjs";

const FIRST_ASK_MS = 1000;
const BASE32 = "0123456789abcdefghjkmnpqrstvwxyz";
// Bounds of optional texts, in characters.
const TEXTS = [
  ["description", 1024],
  ["client.language", 10],
  ["client.country", 3],
  ["payer.email", 255],
  ["payer.phone", 255],
  ["payer.person.first_name", 255],
  ["payer.person.last_name", 255],
  ["payer.customer_account.id", 255],
];

const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isWhole = (value) => Number.isSafeInteger(value);
const hasControl = (text) => /[\u0000-\u001f\u007f]/.test(text);

function serviceIdOf(value) {
  if (isWhole(value) && value > 0) return value;
  if (typeof value === "string" && /^[1-9][0-9]{0,15}$/.test(value)) return Number(value);
  throw invalid("service_id", "service_id is required");
}

function clientIdOf(value) {
  if (typeof value === "string" && value !== "" && [...value].length <= 128 && !hasControl(value)) {
    return { text: value, numeric: 0 };
  }
  if (isWhole(value) && value >= 0) return { text: String(value), numeric: 1 };
  throw invalid("params.payment.identifiers.c_id", "c_id is required");
}

function checkTexts(payment) {
  for (const [path, most] of TEXTS) {
    let value = payment;
    for (const key of path.split(".")) {
      value = value?.[key];
    }
    if (value === undefined || value === null) continue;
    if (typeof value !== "string" || [...value].length > most) {
      throw invalid(`params.payment.${path}`, `${path} must be a string of at most ${most} characters`);
    }
  }
}

function readCall(call) {
  const serviceId = serviceIdOf(call.service_id);
  const params = call.params ?? {};
  if (!isObject(params)) throw invalid("params", "params must be an object");
  const payment = params.payment;
  if (!isObject(payment)) throw invalid("params.payment", "payment is required");
  if (!isObject(payment.payer)) throw invalid("params.payment.payer", "params.payment.payer is required");
  if (!isObject(payment.amount)) throw invalid("params.payment.amount", "amount is required");
  const { value, currency } = payment.amount;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw invalid("params.payment.amount.value", "value must be a whole number");
  }
  if (typeof currency !== "string") throw invalid("params.payment.amount.currency", "currency is required");
  if (!isObject(payment.identifiers)) throw invalid("params.payment.identifiers.c_id", "c_id is required");
  const cId = clientIdOf(payment.identifiers.c_id);
  checkTexts(payment);
  return { serviceId, value, currency, cId, payer: payment.payer };
}

function routeFor(application, fields) {
  const route = application.routes.get(fields.serviceId);
  if (route === undefined) throw new Refusal(1004);
  if (route.direction !== "in") throw new Refusal(1008);
  if (!route.enabled) throw new Refusal(1009);
  if (fields.value <= 0 || !isWhole(fields.value)) throw new Refusal(6001);
  if (fields.currency !== route.currency) throw new Refusal(6002);
  if (fields.value < route.min || fields.value > route.max) {
    throw new Refusal(5000, { context: { min: route.min, max: route.max } });
  }
  return route;
}

// Enough random bytes at a time for many ids.
const pool = Buffer.alloc(4096);
let used = pool.length;

function newHId(nowMs) {
  if (used + 16 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  let time = "";
  for (let i = 0, rest = nowMs; i < 10; ++i) {
    time = BASE32[rest % 32] + time;
    rest = Math.floor(rest / 32);
  }
  let tail = "";
  for (let i = 0; i < 16; ++i) tail += BASE32[pool[used++] & 31];
  return `pay_${time}${tail}`;
}

// The fee in whole minor units, rounded half up; never more than the amount.
function feeOf(route, amount) {
  const share = (BigInt(amount) * BigInt(route.feeBps) + 5000n) / 10000n;
  return Math.min(route.feeFixed + Number(share), amount);
}

function paymentObject(payment) {
  const created = new Date(payment.createdMs).toISOString();
  return {
    amount: { value: payment.amount, currency: payment.currency },
    identifiers: { c_id: payment.cIdNumeric ? Number(payment.cId) : payment.cId, h_id: payment.hId },
    status: { status: "created", final: false, success: null, error: null },
    status_version: 1,
    timestamps: { created, updated: created, finished: null },
    destination: "in",
    service_id: payment.serviceId,
    receiver: {},
    operations: [],
  };
}

function eventOf(payment, object) {
  const id = `${payment.hId}:payment.created`;
  const body = JSON.stringify({
    id,
    created_at: object.timestamps.created,
    data: { next: null, result: { payment: object }, success: true, request_id: randomUUID(), processing_time: 0 },
    merchant_id: String(payment.merchantId),
  });
  return { id, body };
}

function alreadyExists(existing) {
  const cId = existing.c_id.toString();
  return new Refusal(6009, {
    context: {
      identifiers: { c_id: existing.c_id_numeric === 1 ? Number(cId) : cId, h_id: existing.h_id.toString() },
      status: existing.status.toString(),
    },
  });
}

// The result of the call, once it is durable; throws a Refusal.
export async function deposit(store, application, call) {
  const fields = readCall(call);
  const route = routeFor(application, fields);
  const nowMs = Date.now();
  const payment = {
    hId: newHId(nowMs),
    applicationId: application.id,
    merchantId: application.merchantId,
    serviceId: route.serviceId,
    cId: fields.cId.text,
    cIdNumeric: fields.cId.numeric,
    currency: route.currency,
    amount: fields.value,
    fee: feeOf(route, fields.value),
    provider: route.provider,
    method: route.method,
    createdMs: nowMs,
    payer: JSON.stringify(fields.payer),
  };
  const object = paymentObject(payment);
  const existing = await store.insertDeposit(payment, eventOf(payment, object), nowMs + FIRST_ASK_MS);
  if (existing !== undefined) throw alreadyExists(existing);
  return { payment: object };
}
