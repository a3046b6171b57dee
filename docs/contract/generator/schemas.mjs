// The shapes of calls, answers and webhooks: the source of openapi.json and of the files in schemas/.
//
// Answers and webhooks are described exactly: what is not here is not sent. Requests are described as the gateway takes
// them: what these schemas refuse is answered 1005 for its shape, unknown keys are ignored, and null counts as absent.
// What depends on the route, the balance or the payments there are (limits, currencies, duplicates) is no matter of
// shape and stands in the descriptions.
//
// Only keywords that mean the same in draft 7 and in 2020-12 are used: some validators of OpenAPI read it as draft 7.

const LARGEST = Number.MAX_SAFE_INTEGER;
const ULID = "[0-7][0-9a-hjkmnp-tv-z]{25}";

const ref = (name) => ({ $ref: `#/$defs/${name}` });
const about = (description, schema) => ({ description, ...schema });
const text = (more = {}) => ({ type: "string", ...more });
const integer = (minimum, maximum = LARGEST) => ({ type: "integer", minimum, maximum });
const oneOf = (...schemas) => ({ oneOf: schemas });
const anyOf = (...schemas) => ({ anyOf: schemas });
const nothing = { type: "null" };

// What is answered: these keys and no others, all of them but those named in `optional`.
function exactly(properties, optional = []) {
  const required = Object.keys(properties).filter((key) => !optional.includes(key));
  return { type: "object", properties, ...(required.length > 0 && { required }), additionalProperties: false };
}

// What is taken: other keys are ignored.
function taken(properties, required = []) {
  return { type: "object", properties, ...(required.length > 0 && { required }) };
}

// An optional field of a request: null counts as absent.
function maybe(schema) {
  if (typeof schema.type === "string") {
    return { ...schema, type: [schema.type, "null"], ...(schema.enum && { enum: [...schema.enum, null] }) };
  }
  return anyOf(schema, nothing);
}

const withoutControls = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$";
const short = maybe(text({ maxLength: 255 }));
const moment = text({
  pattern: "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$",
  format: "date-time",
});
const momentOrNull = { ...moment, type: ["string", "null"] };

export const EVENTS = [
  "payment.created",
  "payment.processing",
  "payment.completed",
  "payment.failed",
  "payment.cancelled",
  "payment.refunded",
  "payout.created",
  "payout.completed",
  "payout.failed",
  "webhook.test",
];

// name, final, success, error
const STATUSES = [
  ["created", false, null, false],
  ["processing", false, null, false],
  ["success", true, true, false],
  ["error", true, false, true],
  ["declined", true, false, true],
  ["canceled", true, false, false],
  ["partial_refund", true, true, false],
  ["refunded", true, true, false],
];

// ---- requests -------------------------------------------------------------------------------------------------------

const clientIdOfLookup = about("Yours: a string, or a whole number. Compared by its text.", {
  type: ["string", "integer"],
});

const parts = {
  ServiceId: about(
    "The route: an integer, or a string of 1 to 16 digits without a leading zero.",
    anyOf({ type: "integer" }, text({ pattern: "^[1-9][0-9]{0,15}$" })),
  ),
  ClientId: about(
    "Your id of the payment, used once per application for ever: a string of 1 to 128 characters without control " +
      'characters, or a whole number. An application with strict_identifiers takes strings only. 7 and "7" are one.',
    anyOf(text({ minLength: 1, maxLength: 128, pattern: withoutControls }), integer(0)),
  ),
  EventName: about("The name of an event.", text({ enum: EVENTS })),
  RequestedAmount: about(
    "What is to be paid.",
    taken(
      {
        value: about(
          "Whole minor units (paise, cents), 1 to 2^53-1 (6001) and within the limits of the route (5000).",
          { type: "integer" },
        ),
        currency: about("The currency of the route, in capital letters (6002).", { type: "string" }),
      },
      ["value", "currency"],
    ),
  ),
  RequestedIdentifiers: taken({ c_id: ref("ClientId") }, ["c_id"]),
  Client: about(
    "The customer's side.",
    taken({
      language: maybe(text({ maxLength: 10 })),
      country: maybe(text({ maxLength: 3 })),
    }),
  ),
  Payer: about(
    "Who pays. Handed to the provider; never answered.",
    taken({
      email: short,
      phone: short,
      person: maybe(taken({ first_name: short, last_name: short })),
      customer_account: maybe(taken({ id: short })),
    }),
  ),
  RequestedReceiver: about(
    "Who is paid. Which fields a payout needs, and their form, depends on the method and currency of the route.",
    taken({
      person: maybe(taken({ first_name: short, last_name: short })),
      email: short,
      phone: short,
      bank: maybe(taken({ code: short, name: short, ifsc: short, account: maybe(taken({ id: short })) })),
      card: maybe(taken({ number: short })),
      upi: maybe(taken({ vpa: short })),
      payid: short,
      payid_type: short,
    }),
  ),
  WebhookUrl: about(
    "An absolute http or https URL of a public host, without user information and fragment.",
    text({ maxLength: 2048, pattern: "^[Hh][Tt][Tt][Pp][Ss]?://" }),
  ),
  PaymentEvents: about("What webhook_url is told; without it the default subscription.", {
    type: "array",
    items: ref("EventName"),
    minItems: 1,
  }),
  Subscription: about(
    'Names of events, or ["*"] alone for all.',
    anyOf(
      { type: "array", items: ref("EventName"), minItems: 1 },
      { type: "array", items: { const: "*" }, minItems: 1, maxItems: 1 },
    ),
  ),
  Lookup: about("c_id or h_id, or both of the same payment.", {
    ...taken({
      c_id: anyOf(clientIdOfLookup, nothing),
      h_id: about("The gateway's.", { type: ["string", "null"] }),
    }),
    anyOf: [
      { required: ["c_id"], properties: { c_id: { type: ["string", "integer"] } } },
      { required: ["h_id"], properties: { h_id: { type: "string" } } },
    ],
  }),
  IssuedAt: about(
    "The time of the call, within 300 seconds of the gateway's: ISO 8601 with its zone, or Unix seconds.",
    anyOf(text({ minLength: 1 }), { type: "number", minimum: 0 }),
  ),
  Moment: about("ISO 8601, or Unix seconds.", anyOf(text({ minLength: 1 }), { type: "number", minimum: 0 })),
  Nonce: about(
    "Not used by this application in the last 10 minutes; a UUID will do.",
    text({ pattern: "^[ -~]{8,64}$" }),
  ),
  EndpointDescription: text({ maxLength: 255, pattern: withoutControls }),
};

const paymentParams = {
  amount: ref("RequestedAmount"),
  identifiers: ref("RequestedIdentifiers"),
  description: maybe(text({ maxLength: 1024 })),
  client: maybe(ref("Client")),
  webhook_url: maybe(ref("WebhookUrl")),
  webhook_events: maybe(ref("PaymentEvents")),
};
const lookupParams = taken({ payment: taken({ identifiers: ref("Lookup") }, ["identifiers"]) }, ["payment"]);
const change = { issued_at: ref("IssuedAt"), nonce: ref("Nonce") };
const changeOf = (more = {}) =>
  taken({ ...change, id: about("wh_…", { type: "string" }), ...more }, ["issued_at", "nonce", "id"]);
const endpointParams = {
  events: maybe(ref("Subscription")),
  description: maybe(ref("EndpointDescription")),
  max_retries: maybe(about("Attempts after the first.", integer(0, 20))),
  retry_delay_seconds: maybe(about("The pause before the first of them, doubled each time.", integer(1, 3600))),
  timeout_seconds: maybe(about("For one attempt.", integer(1, 30))),
};
const anything = { type: "object" };

// ---- answers --------------------------------------------------------------------------------------------------------

const requestId = about(
  "Name it when you ask for help.",
  text({
    format: "uuid",
    pattern: "^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
  }),
);
const hId = about("The gateway's id of the payment.", text({ pattern: `^pay_${ULID}$` }));
const eventId = text({ pattern: `^pay_${ULID}:(payment|payout)\\.[a-z]+(:[1-9][0-9]*)?$` });

const answered = text({ maxLength: 255 });

const paymentOf = (destination, more) =>
  exactly(
    {
      amount: ref("Amount"),
      identifiers: ref("Identifiers"),
      status: ref("Status"),
      status_version: about("1 at creation, one more with each change of status.", integer(1)),
      timestamps: ref("Timestamps"),
      destination: { const: destination },
      service_id: about("The route.", integer(1)),
      ...more,
      operations: { type: "array", maxItems: 0, items: {} },
    },
    ["redirect"],
  );

const endpointKeys = {
  id: text({ pattern: `^wh_${ULID}$` }),
  url: text({ minLength: 1, maxLength: 2048 }),
  source: about("in_request: named as webhook_url by payments.", { enum: ["configured", "in_request"] }),
  enabled: { type: "boolean" },
  disabled_reason: about("gone: the receiver answered 410. null when enabled.", {
    enum: ["merchant", "operator", "gone", null],
  }),
  events: about(
    'Names, ["*"] for all, [] for in_request.',
    anyOf(
      { type: "array", items: ref("EventName") },
      { type: "array", items: { const: "*" }, minItems: 1, maxItems: 1 },
    ),
  ),
  description: text({ maxLength: 255 }),
  max_retries: { ...integer(0, 20), type: ["integer", "null"] },
  retry_delay_seconds: { ...integer(1, 3600), type: ["integer", "null"] },
  timeout_seconds: { ...integer(1, 30), type: ["integer", "null"] },
  created_at: moment,
};

const eventKeys = {
  id: eventId,
  event: { enum: EVENTS.filter((name) => name !== "webhook.test") },
  h_id: hId,
  c_id: anyOf(ref("ClientId"), nothing),
  status_version: integer(1),
  created_at: moment,
};

const deliveryKeys = {
  id: text({ pattern: `^dlv_${ULID}$` }),
  webhook_id: text({ pattern: `^wh_${ULID}$` }),
  h_id: hId,
  status_version: integer(1),
  state: { enum: ["pending", "delivered", "failed"] },
  outcome: about("Why it failed.", {
    enum: ["exhausted", "expired", "gone", "endpoint_disabled", "event_pruned", null],
  }),
  attempt_count: integer(0),
  next_attempt_at: momentOrNull,
  created_at: moment,
  expires_at: moment,
  finished_at: momentOrNull,
};

const deliveryStates = {
  anyOf: [
    { properties: { state: { const: "pending" }, outcome: nothing, finished_at: nothing } },
    {
      properties: {
        state: { const: "delivered" },
        outcome: nothing,
        next_attempt_at: nothing,
        finished_at: { type: "string" },
      },
    },
    {
      properties: {
        state: { const: "failed" },
        outcome: { type: "string" },
        next_attempt_at: nothing,
        finished_at: { type: "string" },
      },
    },
  ],
};

const objects = (providerError) => ({
  Amount: exactly({
    value: about("Whole minor units.", integer(1)),
    currency: text({ pattern: "^[A-Z]{3}$" }),
  }),
  Identifiers: exactly(
    {
      c_id: ref("ClientId"),
      h_id: hId,
      p_id: about("The provider's; only once known.", text({ minLength: 1 })),
      utr: about("The bank's reference; only once known.", text({ minLength: 1 })),
    },
    ["p_id", "utr"],
  ),
  Status: about("Where the payment is. Only these combinations are answered.", {
    oneOf: STATUSES.map(([name, final, success, failed]) =>
      exactly({
        status: { const: name },
        final: { const: final },
        success: success === null ? nothing : { const: success },
        error: failed
          ? exactly({ code: { const: providerError.code }, message: { const: providerError.message } })
          : nothing,
      }),
    ),
  }),
  Timestamps: exactly({
    created: moment,
    updated: moment,
    finished: about("null until the payment is final.", momentOrNull),
  }),
  Receiver: about(
    "Of what was sent, the fields the gateway knows. Of a card number the first six and last four digits.",
    exactly(
      {
        person: exactly({ first_name: answered, last_name: answered }, ["first_name", "last_name"]),
        email: answered,
        phone: answered,
        bank: exactly({ code: answered, name: answered, ifsc: answered, account: exactly({ id: answered }) }, [
          "code",
          "name",
          "ifsc",
          "account",
        ]),
        card: exactly({ number: text({ pattern: "^[0-9]{6}\\*{2,9}[0-9]{4}$" }) }),
        upi: exactly({ vpa: answered }),
        payid: answered,
        payid_type: answered,
      },
      ["person", "email", "phone", "bank", "card", "upi", "payid", "payid_type"],
    ),
  ),
  Deposit: paymentOf("in", {
    redirect: about(
      "UPI deposits in INR only: a link for the payer's phone.",
      exactly({ to: text({ pattern: "^upi://" }) }),
    ),
    receiver: exactly({}),
  }),
  Payout: paymentOf("out", { receiver: ref("Receiver") }),
  Payment: about("The payment object. A payment is final exactly when timestamps.finished is not null.", {
    oneOf: [ref("Deposit"), ref("Payout")],
    discriminator: { propertyName: "destination", mapping: { in: "#/$defs/Deposit", out: "#/$defs/Payout" } },
    anyOf: [
      {
        properties: {
          status: { properties: { final: { const: false } } },
          timestamps: { properties: { finished: nothing } },
        },
      },
      {
        properties: {
          status: { properties: { final: { const: true } } },
          timestamps: { properties: { finished: { type: "string" } } },
        },
      },
    ],
  }),
  BalanceAmount: exactly({
    value: about("Available.", integer(0)),
    value_freezing: about("Frozen by pending payouts.", integer(0)),
    value_blocking: about("Held by the operator.", integer(0)),
    currency: text({ pattern: "^[A-Z]{3}$" }),
    enabled: { type: "boolean" },
  }),
  Balance: exactly({
    id: about("The application.", integer(1)),
    amounts: { type: "array", items: ref("BalanceAmount") },
    enabled: { type: "boolean" },
  }),
  Webhook: exactly(endpointKeys),
  WebhookWithSecret: about(
    "The secret is shown in this answer and never again.",
    exactly({ ...endpointKeys, secret: text({ pattern: "^whsec_[A-Za-z0-9+/]+={0,2}$" }) }),
  ),
  Event: exactly(eventKeys),
  Attempt: exactly({
    attempt: integer(1),
    started_at: moment,
    duration_ms: integer(0),
    http_status: { type: ["integer", "null"], minimum: 100, maximum: 999 },
    error: about("null when an answer came.", {
      enum: ["refused_target", "resolve", "connect", "tls", "timeout", "network", null],
    }),
    answer: about("The first of what the receiver answered.", { type: "string" }),
  }),
  Delivery: { ...exactly(deliveryKeys), ...deliveryStates },
  DeliveryWithAttempts: {
    ...exactly({ ...deliveryKeys, attempts: { type: "array", items: ref("Attempt") } }),
    ...deliveryStates,
  },
  EventWithDeliveries: exactly({
    ...eventKeys,
    body: ref("WebhookBody"),
    deliveries: { type: "array", items: ref("DeliveryWithAttempts"), maxItems: 100 },
  }),
  WebhookBody: about(
    "What a webhook carries. The same bytes at every attempt and every replay.",
    exactly({
      id: about(
        "h_id and event; from the second payment.refunded of a payment on, the status_version too.",
        text({ pattern: `^(pay_${ULID}:(payment|payout)\\.[a-z]+(:[1-9][0-9]*)?|test_${ULID}:webhook\\.test)$` }),
      ),
      created_at: moment,
      data: exactly({
        next: nothing,
        result: exactly({ payment: ref("Payment") }),
        success: about("Always true: it says nothing about the payment.", { const: true }),
        request_id: requestId,
        processing_time: integer(0),
      }),
      merchant_id: text({ pattern: "^[1-9][0-9]*$" }),
    }),
  ),
});

const results = {
  PingResult: exactly({ message: { const: "pong" } }),
  PaymentResult: exactly({ payment: ref("Payment") }),
  NotificationResult: exactly({ message: { const: "queued" }, payment: ref("Payment") }),
  BalanceResult: exactly({ balance: ref("Balance") }),
  WebhookResult: exactly({ webhook: ref("Webhook") }),
  WebhookWithSecretResult: exactly({ webhook: ref("WebhookWithSecret") }),
  WebhooksResult: exactly({ webhooks: { type: "array", items: ref("Webhook") } }),
  WebhookTestResult: exactly({ webhook: ref("Webhook"), attempt: ref("Attempt") }),
  EventsResult: exactly({
    events: { type: "array", items: ref("Event"), maxItems: 100 },
    next_cursor: about("For `after` of the next call; null at the end.", { type: ["string", "null"] }),
  }),
  EventResult: exactly({ event: ref("EventWithDeliveries") }),
  DeliveriesResult: exactly({ deliveries: { type: "array", items: ref("Delivery") } }),
};

// ---- methods --------------------------------------------------------------------------------------------------------

// service: "required", "condition" (one more condition of the lookup) or "ignored". params: what it must be given;
// optionalParams: the method can do without. success: the schema of its result.
export const METHODS = [
  {
    name: "gateway.ping",
    summary: "Answers pong",
    service: "ignored",
    optionalParams: anything,
    success: "PingResult",
  },
  {
    name: "payment.in",
    summary: "Makes a deposit",
    service: "required",
    success: "PaymentResult",
    params: taken({ payment: taken({ payer: ref("Payer"), ...paymentParams }, ["payer", "amount", "identifiers"]) }, [
      "payment",
    ]),
  },
  {
    name: "payment.out",
    summary: "Makes a payout",
    service: "required",
    success: "PaymentResult",
    params: taken(
      {
        payment: taken({ receiver: ref("RequestedReceiver"), ...paymentParams, payer: maybe(ref("Payer")) }, [
          "receiver",
          "amount",
          "identifiers",
        ]),
      },
      ["payment"],
    ),
  },
  {
    name: "payment.status",
    summary: "Tells where a payment is",
    service: "condition",
    params: lookupParams,
    success: "PaymentResult",
  },
  {
    name: "payment.notification",
    summary: "Queues the webhook of a payment's latest event again",
    service: "condition",
    params: lookupParams,
    success: "NotificationResult",
  },
  {
    name: "balance.get",
    summary: "Tells the balances of the application",
    service: "ignored",
    optionalParams: anything,
    success: "BalanceResult",
  },
  {
    name: "webhook.create",
    summary: "Makes a webhook endpoint",
    service: "ignored",
    success: "WebhookWithSecretResult",
    params: taken({ ...change, url: ref("WebhookUrl"), ...endpointParams }, ["issued_at", "nonce", "url"]),
  },
  {
    name: "webhook.list",
    summary: "Lists the endpoints",
    service: "ignored",
    success: "WebhooksResult",
    optionalParams: taken({ source: maybe({ type: "string", enum: ["configured", "in_request"] }) }),
  },
  {
    name: "webhook.get",
    summary: "Shows an endpoint",
    service: "ignored",
    success: "WebhookResult",
    params: taken({ id: { type: "string" } }, ["id"]),
  },
  {
    name: "webhook.update",
    summary: "Changes an endpoint",
    service: "ignored",
    success: "WebhookResult",
    params: changeOf({ url: maybe(ref("WebhookUrl")), ...endpointParams }),
  },
  {
    name: "webhook.delete",
    summary: "Removes an endpoint",
    service: "ignored",
    params: changeOf(),
    success: "WebhookResult",
  },
  {
    name: "webhook.enable",
    summary: "Has an endpoint sent to again",
    service: "ignored",
    params: changeOf(),
    success: "WebhookResult",
  },
  {
    name: "webhook.disable",
    summary: "Stops sending to an endpoint",
    service: "ignored",
    params: changeOf(),
    success: "WebhookResult",
  },
  {
    name: "webhook.test",
    summary: "Sends a sample now and answers what came of it",
    service: "ignored",
    params: changeOf(),
    success: "WebhookTestResult",
  },
  {
    name: "webhook.rotate_secret",
    summary: "Makes a new secret",
    service: "ignored",
    params: changeOf(),
    success: "WebhookWithSecretResult",
  },
  {
    name: "event.list",
    summary: "Lists the events of payments, newest first",
    service: "ignored",
    success: "EventsResult",
    optionalParams: taken({
      type: maybe({ type: "string", enum: EVENTS }),
      c_id: anyOf(clientIdOfLookup, nothing),
      h_id: { type: ["string", "null"] },
      from: maybe(ref("Moment")),
      to: maybe(ref("Moment")),
      limit: maybe(integer(1, 100)),
      after: about("next_cursor of an earlier answer.", { type: ["string", "null"] }),
    }),
  },
  {
    name: "event.get",
    summary: "Shows an event, its body and its deliveries",
    service: "ignored",
    success: "EventResult",
    params: taken({ id: { type: "string" } }, ["id"]),
  },
  {
    name: "event.replay",
    summary: "Sends an event again",
    service: "ignored",
    success: "DeliveriesResult",
    params: taken({ ...change, id: { type: "string" }, webhook_id: { type: ["string", "null"] } }, [
      "issued_at",
      "nonce",
      "id",
    ]),
  },
];

// "webhook.rotate_secret" -> "WebhookRotateSecret"
export const typeName = (method) =>
  method
    .split(/[._]/)
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join("");

function requestOf(method, name) {
  const properties = { method: name };
  if (method.service !== "ignored") {
    properties.service_id = method.service === "required" ? ref("ServiceId") : maybe(ref("ServiceId"));
  }
  properties.params = method.params ?? maybe(method.optionalParams);
  const required = ["method"];
  if (method.service === "required") required.push("service_id");
  if (method.params) required.push("params");
  return { ...about(method.summary + ".", {}), ...taken(properties, required) };
}

// ---- errors ---------------------------------------------------------------------------------------------------------

const detailsOf = {
  1000: exactly({
    description: about("Rate limit exceeded, or Server is busy.", { enum: ["Rate limit exceeded", "Server is busy"] }),
  }),
  1005: exactly({
    description: about("Names the field and the rule.", text({ minLength: 1 })),
    field: about("body, method, or a path such as params.payment.payer.", text({ minLength: 1 })),
  }),
};
const contextOf = {
  5000: about(
    "The limits of the route, or the most webhooks an application may have.",
    oneOf(exactly({ min: integer(0), max: integer(1) }), exactly({ max: integer(1) })),
  ),
  6009: about(
    "The payment that has the c_id.",
    exactly({
      identifiers: exactly({ c_id: ref("ClientId"), h_id: hId }),
      status: { enum: STATUSES.map(([name]) => name) },
    }),
  ),
};

const envelopeTail = {
  request_id: requestId,
  processing_time: about("Whole milliseconds.", integer(0)),
};

const successOf = (result) => exactly({ success: { const: true }, result: ref(result), ...envelopeTail });

function errorSchemas(errors) {
  const schemas = {};
  for (const row of errors) {
    schemas[`Error${row.code}`] = about(
      row.meaning,
      exactly({
        code: { const: row.code },
        message: { const: row.message },
        details: detailsOf[row.code] ?? nothing,
        context: contextOf[row.code] ?? nothing,
      }),
    );
  }
  for (const status of [...new Set(errors.map((row) => row.http_status))]) {
    const of = errors.filter((row) => row.http_status === status).map((row) => ref(`Error${row.code}`));
    schemas[`Refusal${status}`] = exactly({
      success: { const: false },
      error: of.length === 1 ? of[0] : { oneOf: of },
      ...envelopeTail,
    });
  }
  return schemas;
}

// ---- what is made of them -------------------------------------------------------------------------------------------

// All schemas by name, with references into #/$defs. `catalogue` is what `multihub errors --json` prints.
export function allSchemas(catalogue) {
  const answering = catalogue.errors.filter((row) => row.http_status > 0);
  const providerError = catalogue.errors.find((row) => row.name === "provider_error");
  const schemas = { ...parts };
  for (const method of METHODS) {
    schemas[`${typeName(method.name)}Request`] = requestOf(method, { const: method.name });
  }
  Object.assign(schemas, objects(providerError), results);
  for (const result of Object.keys(results)) schemas[result.replace(/Result$/, "Answer")] = successOf(result);
  Object.assign(schemas, errorSchemas(answering));
  return schemas;
}

export const answerName = (method) => method.success.replace(/Result$/, "Answer");
export const answerNames = Object.keys(results).map((result) => result.replace(/Result$/, "Answer"));
export const refusalNames = (schemas) => Object.keys(schemas).filter((name) => /^Refusal[0-9]+$/.test(name));

// The names a schema refers to, directly or through others.
function reached(schemas, names) {
  const found = new Set();
  const visit = (name) => {
    if (found.has(name)) return;
    if (!(name in schemas)) throw new Error(`no schema is called ${name}`);
    found.add(name);
    for (const [, next] of JSON.stringify(schemas[name]).matchAll(/"\$ref":"#\/\$defs\/(\w+)"/g)) visit(next);
  };
  names.forEach(visit);
  return found;
}

// A JSON Schema document that stands alone.
function document(title, description, root, schemas) {
  const names = reached({ ...schemas, "": root }, [""]);
  const definitions = Object.fromEntries(Object.entries(schemas).filter(([name]) => names.has(name)));
  return { $schema: "https://json-schema.org/draft/2020-12/schema", title, description, ...root, $defs: definitions };
}

// discriminator is a word of OpenAPI.
const withoutDiscriminators = (value) =>
  JSON.parse(JSON.stringify(value, (key, part) => (key === "discriminator" ? undefined : part)));

// { "request.json": …, "response.json": …, "webhook.json": … }
export function schemaDocuments(catalogue) {
  const schemas = allSchemas(catalogue);
  const refusals = refusalNames(schemas);
  // The gateway also takes the older spelling of the method, which a discriminator of OpenAPI cannot tell.
  for (const method of METHODS) {
    const older = taken({ const: { const: method.name } }, ["const"]);
    schemas[`${typeName(method.name)}Request`] = requestOf(method, anyOf({ const: method.name }, older));
    schemas[`${typeName(method.name)}Response`] = about(`The answer to ${method.name}.`, {
      oneOf: [answerName(method), ...refusals].map(ref),
    });
  }
  return withoutDiscriminators({
    "request.json": document(
      "multihub request",
      "The body of a call. Each method's schema is $defs/<Method>Request.",
      { oneOf: METHODS.map((method) => ref(`${typeName(method.name)}Request`)) },
      schemas,
    ),
    "response.json": document(
      "multihub response",
      "The body of an answer. Each method's schema is $defs/<Method>Response.",
      { anyOf: METHODS.map((method) => ref(`${typeName(method.name)}Response`)) },
      schemas,
    ),
    "webhook.json": document("multihub webhook", "The body of a webhook.", ref("WebhookBody"), schemas),
  });
}
