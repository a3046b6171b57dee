// The OpenAPI 3.1 document.
import { METHODS, EVENTS, allSchemas, answerName, answerNames, typeName } from "./schemas.mjs";
import { errorExample, requestExample, successExamples, webhook } from "./examples.mjs";

const component = (kind, name) => ({ $ref: `#/components/${kind}/${name}` });
const schema = (name) => component("schemas", name);
const whole = (description) => ({ description, schema: { type: "integer", minimum: 0 } });
const hash = { type: "string", pattern: "^[0-9a-f]{128}$" };

// References into #/$defs become references to components.
const intoComponents = (schemas) =>
  JSON.parse(JSON.stringify(schemas).replaceAll('"#/$defs/', '"#/components/schemas/'));

const parameters = {
  ApplicationId: {
    name: "X-Data-Application-Id",
    in: "header",
    required: true,
    description: "Your application's id.",
    schema: { type: "string", pattern: "^[1-9][0-9]{0,15}$" },
    example: "1",
  },
  DataHash: {
    name: "X-Data-Hash",
    in: "header",
    required: true,
    description: "SHA-512, in hex, of the body's bytes followed by the secret. Nothing in between, no HMAC.",
    schema: { type: "string", pattern: "^[0-9A-Fa-f]{128}$" },
  },
};

const headers = {
  SignatureOfAnswer: {
    description: "SHA-512, in hex, of the answer's bytes followed by the secret the call was signed with.",
    required: true,
    schema: hash,
  },
  SignatureOfRefusal: {
    description: "As with a success. Absent when the call was refused before its own signature was verified.",
    schema: hash,
  },
  RequestId: { description: "The request_id of the body.", required: true, schema: { type: "string", format: "uuid" } },
  RetryAfter: { description: "Seconds to wait, 1 at least.", required: true, schema: { type: "integer", minimum: 1 } },
  RateLimitLimit: whole("Calls a minute."),
  RateLimitRemaining: whole("Calls left now."),
  RateLimitReset: whole("Seconds until all are back."),
};

const header = (name) => component("headers", name);
const rateLimit = {
  "RateLimit-Limit": header("RateLimitLimit"),
  "RateLimit-Remaining": header("RateLimitRemaining"),
  "RateLimit-Reset": header("RateLimitReset"),
};
const ofRefusals = { "X-Data-Hash": header("SignatureOfRefusal"), "X-Request-Id": header("RequestId"), ...rateLimit };
const ofSuccesses = { "X-Data-Hash": header("SignatureOfAnswer"), "X-Request-Id": header("RequestId"), ...rateLimit };

const json = (of, examples) => ({ "application/json": { schema: of, examples } });

function refusals(errors) {
  const told = {
    400: "Refused. Judge by error.code.",
    404: "The method does not exist.",
    429: "Over a rate limit, or the gateway is full. Nothing was done; repeat the call after Retry-After.",
  };
  const responses = {};
  for (const status of [...new Set(errors.map((row) => row.http_status))].sort()) {
    const examples = {};
    for (const row of errors.filter((one) => one.http_status === status)) {
      examples[`${row.code}_${row.name}`] = {
        summary: `${row.code} ${row.message}`,
        description: row.advice,
        value: errorExample(row),
      };
    }
    responses[`Refusal${status}`] = {
      description: told[status],
      headers: { ...ofRefusals, ...(status === 429 && { "Retry-After": header("RetryAfter") }) },
      content: json(schema(`Refusal${status}`), examples),
    };
  }
  return responses;
}

function callOperation(statuses, answers) {
  const named = (method) => method.replaceAll(/[. ]/g, "_");
  return {
    operationId: "call",
    tags: ["Calls"],
    summary: "Calls a method",
    description:
      "One endpoint for all methods; `method` in the body tells which. The hash covers the exact bytes, so " +
      'compute it over what is sent, after all encoding. `method` may also be sent as `{"const": "<name>"}`, which a ' +
      "discriminator cannot express. See docs/api/protocol.md.",
    parameters: [component("parameters", "ApplicationId"), component("parameters", "DataHash")],
    requestBody: {
      required: true,
      content: json(
        {
          oneOf: METHODS.map((method) => schema(`${typeName(method.name)}Request`)),
          discriminator: {
            propertyName: "method",
            mapping: Object.fromEntries(
              METHODS.map((method) => [method.name, `#/components/schemas/${typeName(method.name)}Request`]),
            ),
          },
        },
        Object.fromEntries(
          METHODS.map((method) => [
            named(method.name),
            { summary: method.summary, value: requestExample(method.name) },
          ]),
        ),
      ),
    },
    responses: {
      200: {
        description:
          "Success. Which answer it is follows from the method: " +
          METHODS.map((method) => `${method.name}: ${answerName(method)}`).join(", ") +
          ".",
        headers: ofSuccesses,
        content: json(
          { oneOf: answerNames.map(schema) },
          Object.fromEntries(
            Object.entries(answers).map(([method, value]) => [named(method), { summary: method, value }]),
          ),
        ),
      },
      ...Object.fromEntries(statuses.map((status) => [status, component("responses", `Refusal${status}`)])),
    },
  };
}

function resendOperation(statuses, answers) {
  return {
    operationId: "resendWebhook",
    tags: ["Calls"],
    summary: "payment.notification by its REST path",
    description: "Sign and send an empty body: the hash is then that of the secret alone.",
    parameters: [
      {
        name: "h_id",
        in: "path",
        required: true,
        description: "The gateway's id of the payment.",
        schema: { type: "string" },
        example: "pay_01m81bmz2smbzhe0cfk4mmysj4",
      },
      component("parameters", "ApplicationId"),
      component("parameters", "DataHash"),
    ],
    responses: {
      200: {
        description: "Queued.",
        headers: ofSuccesses,
        content: json(schema("NotificationAnswer"), { queued: { value: answers["payment.notification"] } }),
      },
      ...Object.fromEntries(
        statuses
          .filter((status) => status !== 404)
          .map((status) => [status, component("responses", `Refusal${status}`)]),
      ),
    },
  };
}

const sentHeader = (name, description, of) => ({ name, in: "header", required: true, description, schema: of });
const text = (pattern) => ({ type: "string", ...(pattern && { pattern }) });

// What stands in the headers of every webhook.
export const WEBHOOK_HEADERS = [
  sentHeader("X-Data-Hash", "SHA-512, in hex, of the body and the API secret.", hash),
  sentHeader("X-Webhook-Id", "The body's id.", text()),
  sentHeader("X-Webhook-Timestamp", "When this attempt was made.", text("^[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z$")),
  sentHeader("X-Webhook-Nonce", "New for each attempt.", { type: "string", minLength: 8 }),
  sentHeader("X-Webhook-Signature-V2", "SHA-512, in hex, of X-Webhook-Timestamp, the body and the API secret.", hash),
  sentHeader("webhook-id", "The body's id.", text()),
  sentHeader("webhook-timestamp", "The same moment in whole Unix seconds.", text("^[1-9][0-9]*$")),
  sentHeader(
    "webhook-signature",
    "v1, and the base64 of the HMAC-SHA256 by Standard Webhooks; two while the secret is being rotated.",
    text("^v1,[A-Za-z0-9+/]{43}=( v1,[A-Za-z0-9+/]{43}=)?$"),
  ),
  {
    ...sentHeader(
      "traceparent",
      "W3C Trace Context: the trace of the call that this follows from. To be ignored by who has no use for it.",
      text("^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$"),
    ),
    required: false,
  },
  { ...sentHeader("tracestate", "What that call said besides.", text()), required: false },
];

function exampleOf(event) {
  const body = webhook();
  const name = body.id.slice(body.id.indexOf(":") + 1);
  return event === name ? { example: body } : {};
}

function webhooks() {
  return Object.fromEntries(
    EVENTS.map((event) => [
      event,
      {
        post: {
          operationId: `webhook_${event.replace(".", "_")}`,
          tags: ["Webhooks"],
          summary: event,
          description: "See docs/webhooks.md.",
          security: [{ dataHash: [] }],
          parameters: WEBHOOK_HEADERS,
          requestBody: {
            required: true,
            content: { "application/json": { schema: schema("WebhookBody"), ...exampleOf(event) } },
          },
          responses: {
            "2XX": { description: "Taken. Its body does not matter." },
            "4XX": { description: "Not taken: it comes again. 410 ends the endpoint." },
          },
        },
      },
    ]),
  );
}

// `catalogue` is what `multihub errors --json` prints.
export function openapi(catalogue, version) {
  const errors = catalogue.errors.filter((row) => row.http_status > 0);
  const statuses = [...new Set(errors.map((row) => row.http_status))].sort();
  const answers = successExamples(catalogue.errors.find((row) => row.name === "provider_error"));
  return {
    openapi: "3.1.0",
    info: {
      title: "multihub",
      version,
      summary: "The merchant API of the multihub payment gateway.",
      description:
        "Deposits, payouts, balances and webhooks by signed JSON calls. Written by docs/contract/generator from the " +
        "gateway's tables; the same document is served at GET /public/api/multihub/v1/openapi.json on the ops port.",
    },
    servers: [{ url: "http://127.0.0.1:8080", description: "The sandbox that ./dev run serves." }],
    tags: [
      { name: "Calls", description: "What merchants call." },
      { name: "Webhooks", description: "What merchants are called with." },
    ],
    security: [{ applicationId: [], dataHash: [] }],
    paths: {
      "/public/api/multihub/v1": { post: callOperation(statuses, answers) },
      "/api/v1/payments/{h_id}/webhook/resend": { post: resendOperation(statuses, answers) },
    },
    webhooks: webhooks(),
    components: {
      securitySchemes: {
        applicationId: { type: "apiKey", in: "header", name: "X-Data-Application-Id", description: "Who calls." },
        dataHash: {
          type: "apiKey",
          in: "header",
          name: "X-Data-Hash",
          description: "The signature: another value for each body, not a fixed key.",
        },
      },
      parameters,
      headers,
      responses: refusals(errors),
      schemas: intoComponents(allSchemas(catalogue)),
    },
  };
}
