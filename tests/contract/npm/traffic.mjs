// node traffic.mjs GATEWAY_PORT PRISM_PORT: stands between callers and a gateway and checks every exchange against the
// contract.
//
//   caller -> front -> prism (the validating proxy, from openapi.json) -> back -> gateway
//
// Prism parses bodies and writes them anew, so only bodies that this does not change go through it; the others go
// straight to the gateway. The front checks all of them with the JSON Schemas too, where the method is known and so
// its answer. The back changes answers on demand: so it is seen that a wrong one is told. What is sent to the front's
// /hooks is a webhook, and checked as one.
//
// Callers that talk to several gateways name each by its port, in a header that goes no further than the back.
//
// Prints "ready FRONT BACK", its two ports; prism is to be started by then. Told to end by SIGTERM it spoils some
// answers, prints what it saw as one line of JSON, and ends.
import crypto from "node:crypto";
import http from "node:http";
import {
  methodOf,
  problemOfRefusal,
  problemOfRequest,
  problemOfResponse,
  problemOfWebhook,
  problemOfWebhookHeaders,
} from "./validators.mjs";

const [gatewayPort, prismPort] = process.argv.slice(2).map(Number);
const endpoint = "/public/api/multihub/v1";
const resend = /^\/api\/v1\/payments\/[^/]+\/webhook\/resend$/;

const seen = { calls: 0, byPrism: 0, direct: 0, methods: {}, codes: {}, events: {}, violations: [] };
const wrongAnswers = new Map(); // by X-Data-Hash of the request: (answer) => void
// A connection for each call: prism closes idle ones, at times just when the next call is sent.
const agent = new http.Agent({ keepAlive: false });

async function bytesOf(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

// Header fields as they came, without those of the connection.
function fieldsOf(message) {
  const fields = [];
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    const name = message.rawHeaders[i].toLowerCase();
    if (["connection", "transfer-encoding", "content-length", "keep-alive", "expect"].includes(name)) continue;
    fields.push(message.rawHeaders[i], message.rawHeaders[i + 1]);
  }
  return fields;
}

function exchange(port, { method, url, fields, body }) {
  return new Promise((resolve, reject) => {
    const headers = [...fields, "Content-Length", String(body.length)];
    const request = http.request({ host: "127.0.0.1", port, method, path: url, headers, agent }, async (response) => {
      resolve({
        status: response.statusCode,
        fields: fieldsOf(response),
        headers: response.headers,
        body: await bytesOf(response),
      });
    });
    request.on("error", reject);
    request.end(body);
  });
}

function send(response, { status, fields, body }) {
  response.writeHead(status, [...fields, "Content-Length", String(body.length)]);
  response.end(body);
}

function parsed(body) {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

// ---- the ways -------------------------------------------------------------------------------------------------------

function listen(handler) {
  const server = http.createServer({ keepAliveTimeout: 60000 }, (request, response) => {
    handler(request, response).catch((error) => {
      // Half a request is the caller's doing.
      if (request.complete) seen.violations.push({ what: `no exchange: ${error.message}`, url: request.url });
      response.destroy();
    });
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

const back = await listen(async (request, response) => {
  const fields = fieldsOf(request);
  const at = fields.findIndex((field, place) => place % 2 === 0 && field.toLowerCase() === "x-gateway-port");
  const port = at < 0 ? gatewayPort : Number(fields.splice(at, 2)[1]);
  const call = { method: request.method, url: request.url, fields, body: await bytesOf(request) };
  const answer = await exchange(port, call);
  wrongAnswers.get(request.headers["x-data-hash"])?.(answer);
  send(response, answer);
});

// ---- the rules ------------------------------------------------------------------------------------------------------

function note(call, what) {
  seen.violations.push({ what, request: call.body.toString().slice(0, 1000), url: call.url });
}

// Refusals that come before the fields are looked at, or for their shape, and those that may come at any time.
const notOfBusiness = (code) =>
  code <= 1003 || (code >= 1005 && code <= 1007) || (code >= 2000 && code <= 2001) || (code >= 3000 && code < 4000);

// Every answer is the one the contract has for the call. And a call whose fields were taken, so that it succeeded or
// was refused for what it asks, is one the contract describes. Numbers JavaScript does not have are let be.
function problemOf(call, answer) {
  const request = parsed(call.body);
  const response = parsed(answer.body);
  const twin = resend.test(call.url.split("?")[0]);
  const method = twin ? "payment.notification" : methodOf(request);
  if (response?.success !== true) {
    const wrong = problemOfRefusal(answer.status, response);
    if (wrong) return `a refusal with HTTP status ${answer.status}: ${wrong}`;
    if (twin || !call.passesPrism || notOfBusiness(response.error.code)) return "";
    const refused = problemOfRequest(method, request);
    return refused && `refused with ${response.error.code}, not for its shape: ${refused}`;
  }
  if (answer.status !== 200 || method === null) return `success with HTTP status ${answer.status} for ${method}`;
  const wrong = (twin ? "" : problemOfRequest(method, request)) || problemOfResponse(method, response);
  return wrong && `${method}: ${wrong}`;
}

// What prism says of an exchange, the parts of it that count: of a refused call that its answer is as described, of any
// other that nothing is wrong.
function problemOfPrism(answer) {
  if (answer.headers["content-type"] === "application/problem+json") return answer.body.toString().slice(0, 1000);
  const violations = answer.headers["sl-violations"];
  if (!violations) return "";
  const succeeded = parsed(answer.body)?.success === true;
  // Long lists are cut off, the request's come first; prism's log has them all.
  return succeeded || violations.includes('"location":["response') ? violations.slice(0, 1000) : "";
}

function count(call, answer) {
  const request = parsed(call.body);
  const response = parsed(answer.body);
  ++seen.calls;
  ++seen[call.passesPrism ? "byPrism" : "direct"];
  const code = response?.error?.code ?? 0;
  seen.codes[code] = (seen.codes[code] ?? 0) + 1;
  const method = resend.test(call.url) ? "resend" : methodOf(request);
  if (code === 0 && method && call.passesPrism) seen.methods[method] = (seen.methods[method] ?? 0) + 1;
}

// Prism hands on what JSON.stringify writes, and headers that come once. The older spelling of the method is not in
// openapi.json, since a discriminator cannot tell it.
function passesPrism(call) {
  const names = call.fields.filter((_, place) => place % 2 === 0).map((name) => name.toLowerCase());
  if (new Set(names).size < names.length) return false;
  if (call.method !== "POST" || !(call.url.split("?")[0] === endpoint || resend.test(call.url))) return false;
  if (call.body.length === 0) return true;
  const value = parsed(call.body);
  if (value === undefined || value === null || typeof value !== "object" || typeof value.method === "object")
    return false;
  return Buffer.from(JSON.stringify(value)).equals(call.body);
}

async function pass(call) {
  call.passesPrism = passesPrism(call);
  return exchange(call.passesPrism ? prismPort : back.address().port, call);
}

function takeWebhook(request, call, response) {
  const body = parsed(call.body);
  const problem = problemOfWebhook(body) || problemOfWebhookHeaders(request.headers);
  if (problem) note(call, `webhook: ${problem}`);
  const event = body?.id?.split(":")[1];
  seen.events[event] = (seen.events[event] ?? 0) + 1;
  send(response, { status: 200, fields: [], body: Buffer.alloc(0) });
}

const front = await listen(async (request, response) => {
  const call = { method: request.method, url: request.url, fields: fieldsOf(request), body: await bytesOf(request) };
  if (request.url.startsWith("/hooks")) return takeWebhook(request, call, response);
  const answer = await pass(call);
  for (const problem of [problemOf(call, answer), call.passesPrism ? problemOfPrism(answer) : ""]) {
    if (problem) note(call, problem);
  }
  count(call, answer);
  send(response, answer);
});

// ---- that wrong answers are told ------------------------------------------------------------------------------------

const change = (edit) => (answer) => {
  const body = parsed(answer.body);
  edit(body);
  answer.body = Buffer.from(JSON.stringify(body));
};

const deposit =
  (more = {}) =>
  () => ({
    method: "payment.in",
    service_id: 14701,
    params: {
      payment: {
        payer: {},
        amount: { value: 25004, currency: "INR" },
        identifiers: { c_id: crypto.randomUUID() },
        ...more,
      },
    },
  });
const ping = () => ({ method: "gateway.ping", params: {} });
const unknown = () => ({ method: "no.such" });

// Which of the two must tell it: both, or prism alone where headers are concerned.
const BITES = [
  [
    "a key nobody described",
    deposit(),
    change((answer) => {
      answer.result.payment.internal_id = 7;
    }),
  ],
  [
    "a status there is not",
    deposit(),
    change((answer) => {
      answer.result.payment.status.status = "pending";
    }),
  ],
  [
    "a final status without success",
    deposit(),
    change((answer) => {
      answer.result.payment.status.final = true;
    }),
  ],
  [
    "an amount as a text",
    deposit(),
    change((answer) => {
      answer.result.payment.amount.value = "25004";
    }),
  ],
  [
    "no h_id",
    deposit(),
    change((answer) => {
      delete answer.result.payment.identifiers.h_id;
    }),
  ],
  [
    "a redirect to a web page",
    deposit(),
    change((answer) => {
      answer.result.payment.redirect = { to: "https://pay.example/" };
    }),
  ],
  [
    "a code the catalogue does not have",
    unknown,
    change((answer) => {
      answer.error.code = 1099;
    }),
  ],
  [
    "another text for a code",
    unknown,
    change((answer) => {
      answer.error.message = "Method not found";
    }),
  ],
  [
    "details where there are none",
    unknown,
    change((answer) => {
      answer.error.details = {};
    }),
  ],
  [
    "a refusal with HTTP status 200",
    unknown,
    (answer) => {
      answer.status = 200;
    },
  ],
  [
    "an envelope without request_id",
    ping,
    change((answer) => {
      delete answer.request_id;
    }),
  ],
  [
    "an answer that is no JSON",
    ping,
    (answer) => {
      answer.body = Buffer.from("pong");
    },
  ],
  [
    "a request the contract does not have",
    deposit({ payer: null, description: 5 }),
    change((answer) => {
      Object.assign(answer, { status: 200 });
      answer.success = true;
    }),
  ],
];
const HEADER_BITES = [
  [
    "an unsigned success",
    ping,
    (answer) => {
      const at = answer.fields.findIndex((name) => name.toLowerCase() === "x-data-hash");
      answer.fields.splice(at, 2);
    },
  ],
  [
    "a hash that is none",
    ping,
    (answer) => {
      answer.fields[answer.fields.findIndex((name) => name.toLowerCase() === "x-data-hash") + 1] = "abc";
    },
  ],
];

function signed(request) {
  const body = Buffer.from(JSON.stringify(request));
  const hash = crypto
    .createHash("sha512")
    .update(body)
    .update("sandbox-secret-1-do-not-use-in-production")
    .digest("hex");
  const fields = [
    "Host",
    "gateway",
    "Content-Type",
    "application/json",
    "X-Data-Application-Id",
    "1",
    "X-Data-Hash",
    hash,
  ];
  return { method: "POST", url: endpoint, body, fields, hash };
}

async function untold() {
  const missed = [];
  for (const request of [ping(), deposit()(), unknown()]) {
    const call = signed(request);
    const answer = await pass(call);
    const problem = problemOf(call, answer) || problemOfPrism(answer);
    if (problem) missed.push(`told though nothing is wrong: ${problem}`);
  }
  for (const [name, request, spoil] of [...BITES, ...HEADER_BITES]) {
    const call = signed(request());
    wrongAnswers.set(call.hash, spoil);
    const answer = await pass(call);
    wrongAnswers.delete(call.hash);
    if (!problemOfPrism(answer)) missed.push(`prism: ${name}`);
    if (!HEADER_BITES.some(([other]) => other === name) && !problemOf(call, answer)) missed.push(`schemas: ${name}`);
  }
  return missed;
}

// ---- the run --------------------------------------------------------------------------------------------------------

const told = new Promise((resolve) => process.once("SIGTERM", resolve));
process.stdout.write(`ready ${front.address().port} ${back.address().port}\n`);
await told;
const missed = await untold();
process.stdout.write(JSON.stringify({ ...seen, bites: BITES.length + HEADER_BITES.length, missed }) + "\n");
process.exit(0);
