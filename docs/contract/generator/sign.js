// Signs the request: X-Data-Hash is the SHA-512, in hex, of the body's bytes and the secret.
// Variables are put in first, so that what is hashed is what is sent.
const { SHA512 } = require("crypto-js");

// What the calls that change something need.
pm.variables.set("issued_at", Math.floor(Date.now() / 1000));
pm.variables.set("nonce", pm.variables.replaceIn("{{$guid}}"));

const raw = pm.request.body && pm.request.body.raw ? pm.variables.replaceIn(pm.request.body.raw) : "";
if (raw !== "") pm.request.body.update({ mode: "raw", raw });
const secret = pm.variables.get("secret");
pm.request.headers.upsert({ key: "X-Data-Application-Id", value: pm.variables.get("application_id") });
pm.request.headers.upsert({ key: "X-Data-Hash", value: SHA512(raw + secret).toString() });
