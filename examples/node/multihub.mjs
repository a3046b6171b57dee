// A client for the multihub v1 API and a verifier for its webhooks.
//
// Node.js 18 or later, no packages. Copy this file into your project.
//
//   const client = new MultihubClient({ url, applicationId, secret });
//   const payment = await client.deposit({ serviceId: 14701, amount: 25000, currency: "INR", cId: "order-1001" });
//
// Amounts are whole minor units. A c_id is a string, or a whole number up to Number.MAX_SAFE_INTEGER. Payments are the
// objects that the gateway writes.

import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const BUSY = 1000;
const PAYMENT_EXISTS = 6009;
const PAYMENT_DOES_NOT_EXIST = 6010;

// Worth repeating as it was. 2002 is not among them: the provider needs longer than a caller wants to wait.
const PASSING = new Set([BUSY, 2000, 2001]);
// What is refused before the gateway knows whose secret to sign with. Any other answer must be signed.
const UNSIGNED = new Set([BUSY, 1001, 1003, 1005, 1007, 3000, 3001, 3002, 3003, 3004, 3005]);

/** What all errors of this module have in common. */
export class MultihubError extends Error {
  get name() {
    return this.constructor.name;
  }
}

/** The gateway refused the call; of a payment: this call created none, unless the code is 2000 or 2001. */
export class ApiError extends MultihubError {
  constructor({ code, message, details, context }, { requestId, retryAfter } = {}) {
    super(`${code} ${message}${details ? `: ${details.description}` : ""}`);
    this.code = code;
    this.details = details;
    this.context = context;
    this.requestId = requestId;
    this.retryAfter = retryAfter; // seconds, when the gateway named them
  }
}

/** The c_id belongs to an earlier payment (code 6009); no second one was created. */
export class PaymentExistsError extends ApiError {
  get hId() {
    return this.context.identifiers.h_id;
  }

  get status() {
    return this.context.status;
  }
}

/** Timeout, lost connection, or an answer that is not the gateway's. Whether the call was carried out is open. */
export class NoAnswerError extends MultihubError {}

/** The answer's signature is wrong or missing, so nothing it says counts. */
export class SignatureError extends NoAnswerError {}

/**
 * Nobody could say whether the payment exists. Ask status({ cId }) later. Found: go on with it. Code 6010 more than 60
 * seconds after this error: there is none. Until then use no other c_id for the same order.
 */
export class OutcomeUnknownError extends MultihubError {
  constructor(cId, cause) {
    super(`it is open whether payment ${JSON.stringify(cId)} exists: ${cause.message}`, { cause });
    this.cId = cId;
  }
}

/** One application at one gateway. */
export class MultihubClient {
  #url;
  #applicationId;
  #secret;
  #timeoutMs;
  #attempts;
  #maxPauseMs;
  #sleep;

  /**
   * @param {object} options
   * @param {string} options.url
   * @param {number} options.applicationId
   * @param {string} options.secret
   * @param {number} [options.timeoutMs] for one answer in all; the gateway answers within 10 s
   * @param {number} [options.attempts] how often a call is sent before its error is thrown
   * @param {number} [options.maxPauseMs] a Retry-After beyond it is left to the caller
   * @param {(ms: number) => Promise<unknown>} [options.sleep]
   */
  constructor({ url, applicationId, secret, ...options }) {
    this.#url = new URL(url);
    this.#applicationId = applicationId;
    this.#secret = secret;
    this.#timeoutMs = options.timeoutMs ?? 15_000;
    this.#attempts = options.attempts ?? 3;
    this.#maxPauseMs = options.maxPauseMs ?? 30_000;
    this.#sleep = options.sleep ?? ((ms) => sleep(ms));
  }

  async ping() {
    return partOf(await this.call("gateway.ping"), "message");
  }

  async balance() {
    return partOf(await this.call("balance.get"), "balance");
  }

  /** The payment with this c_id or h_id as it is now. ApiError 6010: there is none. */
  async status({ cId, hId }) {
    const identifiers = { c_id: cId, h_id: hId };
    return paymentOf(await this.call("payment.status", { payment: { identifiers } }), identifiers);
  }

  /**
   * Takes money from a payer (payment.in). Further fields are those of the payment, such as webhook_url.
   *
   * The answer may be lost and the call repeated: there is one payment for a c_id all the same. Throws
   * PaymentExistsError when the c_id was used before, OutcomeUnknownError when the end cannot be told.
   */
  async deposit({ payer = {}, ...request }) {
    return this.#create("payment.in", { payer, ...request });
  }

  /** Sends money to a receiver (payment.out). Otherwise as deposit. */
  async payout({ receiver, ...request }) {
    return this.#create("payment.out", { receiver, ...request });
  }

  /** Asks until the payment is final, or patienceMs have passed; look at status.final. A server takes webhooks. */
  async waitUntilFinal({ cId, hId, patienceMs = 60_000, intervalMs = 1_000 }) {
    const giveUp = performance.now() + patienceMs;
    for (;;) {
      const payment = await this.status({ cId, hId });
      if (payment.status.final || performance.now() >= giveUp) return payment;
      await this.#sleep(intervalMs);
    }
  }

  /** Any method that may be repeated without harm; its result. Not for payment.in and payment.out. */
  async call(method, params = {}, serviceId = undefined) {
    const body = encode(method, params, serviceId);
    for (let attempt = 1; ; ++attempt) {
      try {
        return await this.#exchange(body);
      } catch (error) {
        if (!(await this.#pauseBeforeNext(error, attempt))) throw error;
      }
    }
  }

  async #create(method, { serviceId, amount, currency, cId, ...fields }) {
    if (typeof cId === "number" && !Number.isSafeInteger(cId)) {
      throw new TypeError(`a number is no c_id when it is not exact: ${cId}`);
    }
    const wanted = { amount: { value: amount, currency }, service_id: serviceId, destination: method.split(".")[1] };
    const identifiers = { c_id: cId };
    const payment = { ...fields, amount: wanted.amount, identifiers };
    const body = encode(method, { payment }, serviceId); // every attempt sends these bytes

    let inDoubt = false; // an attempt was made of which nobody knows whether it created the payment
    for (let attempt = 1; ; ++attempt) {
      let failure;
      try {
        return paymentOf(await this.#exchange(body), identifiers);
      } catch (error) {
        if (!(error instanceof MultihubError)) throw error;
        failure = error;
      }
      const answered = failure instanceof ApiError;
      const refused = answered && !PASSING.has(failure.code);
      if (refused && !inDoubt) throw failure;
      inDoubt ||= failure.code !== BUSY;
      const again = !refused && (await this.#pauseBeforeNext(failure, attempt));
      // The same c_id: should the last attempt have created the payment, this one is told 6009.
      if (again && answered) continue;
      if (!inDoubt) throw failure;
      // No answer, or 6009 after doubt: the payment may be there, so look before sending anything.
      const found = await this.#find(cId);
      if (found) return requireSame(found, wanted);
      if (!again) throw new OutcomeUnknownError(cId, failure);
    }
  }

  async #find(cId) {
    try {
      return await this.status({ cId });
    } catch (error) {
      if (error.code === PAYMENT_DOES_NOT_EXIST) return null;
      throw error instanceof MultihubError ? new OutcomeUnknownError(cId, error) : error;
    }
  }

  /** Waits as the error asks for. False: another attempt would be of no use. */
  async #pauseBeforeNext(error, attempt) {
    const passing = error instanceof ApiError ? PASSING.has(error.code) : error instanceof NoAnswerError;
    if (!passing || error instanceof SignatureError || attempt >= this.#attempts) return false;
    const backoffMs = 1000 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2);
    const pauseMs = Math.max(backoffMs, 1000 * (error.retryAfter ?? 0));
    if (pauseMs > this.#maxPauseMs) return false;
    await this.#sleep(pauseMs);
    return true;
  }

  /** One request, one answer: its result. */
  async #exchange(body) {
    let response, answer;
    try {
      response = await fetch(this.#url, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          "X-Data-Application-Id": String(this.#applicationId),
          "X-Data-Hash": sha512(body, this.#secret),
        },
        body,
        redirect: "manual",
        signal: AbortSignal.timeout(this.#timeoutMs),
      });
      answer = Buffer.from(await response.arrayBuffer());
    } catch (error) {
      const reason = error.cause?.message || error.message;
      throw new NoAnswerError(`no answer: ${reason}`, { cause: error });
    }
    return this.#open(answer, response);
  }

  /** What the answer's envelope holds, once its signature is verified. */
  #open(answer, { headers, status }) {
    const signature = headers.get("X-Data-Hash");
    if (signature !== null && !equal(signature.toLowerCase(), sha512(answer, this.#secret))) {
      throw new SignatureError("the answer's signature is wrong");
    }
    const envelope = parsed(answer);
    const content = envelope?.success === true ? envelope.result : envelope?.error;
    if (!content) throw new NoAnswerError(`HTTP ${status} without an answer of the gateway`);
    if (signature === null && (envelope.success || !UNSIGNED.has(content.code))) {
      throw new SignatureError("the answer is not signed");
    }
    if (envelope.success) return content;
    const seconds = headers.get("Retry-After") ?? "";
    const retryAfter = /^\d+$/.test(seconds) ? Number(seconds) : undefined;
    const Kind = content.code === PAYMENT_EXISTS ? PaymentExistsError : ApiError;
    throw new Kind(content, { requestId: envelope.request_id, retryAfter });
  }
}

/** The webhook is not the gateway's, or not of now. The message names the header that does not fit. */
export class WebhookRefused extends Error {}

/** Tells whether a webhook comes from the gateway. During a rotation give both secrets, the new one first. */
export class WebhookVerifier {
  #apiSecrets;
  #endpointKeys;
  #toleranceS;
  #now;

  /**
   * @param {object} options
   * @param {string[]} options.apiSecrets sign X-Data-Hash and X-Webhook-Signature-V2
   * @param {string[]} options.endpointSecrets "whsec_...": sign webhook-signature
   * @param {number} [options.toleranceS] how many seconds the moment of sending may be away from now
   * @param {() => number} [options.now] milliseconds
   */
  constructor({ apiSecrets, endpointSecrets, toleranceS = 300, now = Date.now }) {
    this.#apiSecrets = apiSecrets;
    this.#endpointKeys = endpointSecrets.map(endpointKey);
    this.#toleranceS = toleranceS;
    this.#now = now;
  }

  /**
   * The event, parsed.
   * @param {Record<string, string>} headers as Node.js gives them, names in lower case
   * @param {Buffer} body the request's body as it came, before anything parsed it
   */
  verify(headers, body) {
    const header = (name) => headers[name.toLowerCase()] ?? "";
    const require = (fits, name) => {
      if (!fits) throw new WebhookRefused(name);
    };

    const hashes = this.#apiSecrets.map((secret) => sha512(body, secret));
    require(anyEqual(hashes, [header("X-Data-Hash")]), "X-Data-Hash");

    const sent = header("X-Webhook-Timestamp");
    const hashesV2 = this.#apiSecrets.map((secret) => sha512(sent, body, secret));
    require(anyEqual(hashesV2, [header("X-Webhook-Signature-V2")]), "X-Webhook-Signature-V2");
    require(this.#isFresh(Date.parse(sent)), "X-Webhook-Timestamp");

    const seconds = header("webhook-timestamp");
    const prefix = `${header("webhook-id")}.${seconds}.`;
    const signatures = this.#endpointKeys.map(
      (key) => "v1," + createHmac("sha256", key).update(prefix).update(body).digest("base64"),
    );
    // The gateway sends two during a rotation.
    require(anyEqual(signatures, header("webhook-signature").split(" ")), "webhook-signature");
    require(this.#isFresh(Number(seconds) * 1000), "webhook-timestamp");
    return JSON.parse(body.toString());
  }

  #isFresh(sentMs) {
    return Math.abs(this.#now() - sentMs) <= this.#toleranceS * 1000; // false for NaN
  }
}

function encode(method, params, serviceId) {
  return Buffer.from(JSON.stringify({ method, service_id: serviceId, params }));
}

function parsed(bytes) {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return null;
  }
}

// A signature does not say to which call an answer belongs; what is in it does.
function partOf(result, name) {
  if (!(name in result)) throw new NoAnswerError("the answer is to another call");
  return result[name];
}

function paymentOf(result, asked) {
  const payment = partOf(result, "payment");
  for (const [key, value] of Object.entries(asked)) {
    // 7 and "7" are the same c_id.
    if (value !== undefined && String(payment.identifiers[key]) !== String(value)) {
      throw new NoAnswerError("the answer is about another payment");
    }
  }
  return payment;
}

// A payment found by its c_id is the one we asked for, or an earlier one that happens to have the c_id.
function requireSame(payment, { amount, service_id, destination }) {
  if (
    payment.amount.value === amount.value &&
    payment.amount.currency === amount.currency &&
    payment.service_id === service_id &&
    payment.destination === destination
  ) {
    return payment;
  }
  throw new PaymentExistsError({
    code: PAYMENT_EXISTS,
    message: "Payment already exists, and is another one",
    details: null,
    context: { identifiers: payment.identifiers, status: payment.status.status },
  });
}

function sha512(...parts) {
  const hash = createHash("sha512");
  for (const part of parts) hash.update(part);
  return hash.digest("hex");
}

function equal(a, b) {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}

function anyEqual(ours, given) {
  // All are compared, whichever fits.
  return ours.flatMap((a) => given.map((b) => equal(a, b))).includes(true);
}

function endpointKey(secret) {
  if (!/^whsec_[A-Za-z0-9+/]+={0,2}$/.test(secret)) throw new TypeError("an endpoint's secret is whsec_ and base64");
  return Buffer.from(secret.slice("whsec_".length), "base64");
}
