// The twin: payment.in of the merchant API on fastify and mysql2, in one process. See README.md.
//
//   TWIN_DATABASE_URL=mysql://… TWIN_SECRET=… [TWIN_POOL=N] [TWIN_CREATE=1] node server.mjs
//
// Prints "ready http://127.0.0.1:PORT/…" on stderr; SIGTERM ends it.
import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import Fastify from "fastify";
import { deposit } from "./deposit.mjs";
import { invalid, Refusal } from "./refusal.mjs";
import { Store } from "./store.mjs";

const PATH = "/public/api/multihub/v1";
const MOST_BODY_BYTES = 65536;
const POOL = Number(process.env.TWIN_POOL ?? 32);
// The sandbox's deposit route that the benchmark uses.
const ROUTE = { serviceId: 14703, direction: "in", currency: "MXN", method: "spei", provider: "simulator", min: 1,
                max: 10 ** 12, feeFixed: 0, feeBps: 150 };

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const digest = (body, secret) => createHash("sha512").update(body).update(secret);

const store = new Store(process.env.TWIN_DATABASE_URL, POOL);
if (process.env.TWIN_CREATE === "1") {
  await store.createTables();
  await store.addApplication({ id: 1, merchantId: 1, secret: process.env.TWIN_SECRET }, [ROUTE]);
}
await store.warm();

function parse(body) {
  try {
    return JSON.parse(utf8.decode(body));
  } catch {
    throw invalid("", "the body is no JSON object");
  }
}

async function authenticate(request) {
  const hash = request.headers["x-data-hash"] ?? "";
  if (!/^[0-9a-fA-F]{128}$/.test(hash)) throw new Refusal(3002);
  const id = request.headers["x-data-application-id"] ?? "";
  if (!/^[1-9][0-9]{0,15}$/.test(id)) throw new Refusal(3001);
  const application = await store.application(Number(id));
  if (application === undefined) throw new Refusal(3003);
  if (!application.enabled) throw new Refusal(3004);
  if (!timingSafeEqual(digest(request.body, application.secret).digest(), Buffer.from(hash, "hex"))) {
    throw new Refusal(3000);
  }
  return application;
}

async function run(application, request) {
  if (!/^application\/json\s*(;|$)/i.test(request.headers["content-type"] ?? "")) throw new Refusal(1006);
  const call = parse(request.body);
  if (typeof call !== "object" || call === null || Array.isArray(call)) {
    throw invalid("", "the body is no JSON object");
  }
  if (typeof call.method !== "string") throw invalid("method", "method is required");
  if (call.method === "gateway.ping") return { message: "pong" };
  if (call.method === "payment.in") return deposit(store, application, call);
  throw new Refusal(1002);
}

function answer(reply, application, started, status, outcome) {
  const id = randomUUID();
  const body = Buffer.from(
    JSON.stringify({ ...outcome, request_id: id, processing_time: Math.round(performance.now() - started) }),
  );
  reply.code(status).header("Content-Type", "application/json").header("X-Request-Id", id);
  if (application !== undefined) reply.header("X-Data-Hash", digest(body, application.secret).digest("hex"));
  reply.send(body);
}

function refuse(reply, application, started, error) {
  if (!(error instanceof Refusal)) {
    console.error(error);
    error = new Refusal(2000);
  }
  answer(reply, application, started, error.httpStatus, { success: false, error: error.body });
}

const app = Fastify({ logger: false, bodyLimit: MOST_BODY_BYTES, keepAliveTimeout: 75_000 });
app.removeAllContentTypeParsers();
// The signature is over the bytes as they came.
app.addContentTypeParser("*", { parseAs: "buffer" }, (request, body, done) => done(null, body));
app.post(PATH, async (request, reply) => {
  const started = performance.now();
  let application;
  try {
    request.body ??= Buffer.alloc(0);
    application = await authenticate(request);
    answer(reply, application, started, 200, { success: true, result: await run(application, request) });
  } catch (error) {
    refuse(reply, application, started, error);
  }
  return reply;
});
app.route({
  method: ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"],
  url: PATH,
  handler: (request, reply) => refuse(reply, undefined, performance.now(), new Refusal(1007)),
});
app.setNotFoundHandler((request, reply) => refuse(reply, undefined, performance.now(), new Refusal(1001)));
app.setErrorHandler((error, request, reply) => {
  const tooLarge = error.statusCode === 413;
  refuse(reply, undefined, performance.now(), tooLarge ? invalid("", "the body is too large") : error);
});

await app.listen({ host: "127.0.0.1", port: 0 });
process.once("SIGTERM", async () => {
  await app.close();
  await store.close();
  process.exit(0);
});
console.error(`ready http://127.0.0.1:${app.server.address().port}${PATH}`);
