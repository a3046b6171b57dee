// The contract's schemas, compiled.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../../..");
export const contract = path.join(root, "docs/contract");

const schema = (name) => JSON.parse(fs.readFileSync(path.join(contract, "schemas", name), "utf8"));

const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false });
addFormats(ajv);
for (const name of ["request", "response", "webhook"]) ajv.addSchema(schema(`${name}.json`), name);

// "webhook.rotate_secret" -> "WebhookRotateSecret"
const typeName = (method) =>
  method
    .split(/[._]/)
    .map((word) => word[0].toUpperCase() + word.slice(1))
    .join("");

export const methods = schema("request.json").oneOf.map(({ $ref }) => {
  const { method } = schema("request.json").$defs[$ref.split("/").pop()].properties;
  return method.anyOf[0].const;
});

const refusals = Object.keys(schema("response.json").$defs).filter((name) => /^Refusal[0-9]{3}$/.test(name));

function validate(reference, value) {
  const check = ajv.getSchema(reference);
  if (!check) throw new Error(`there is no schema ${reference}`);
  return check(value) ? "" : ajv.errorsText(check.errors.slice(0, 4));
}

// Each returns what is wrong, or an empty text.
export const problemOfRequest = (method, value) => validate(`request#/$defs/${typeName(method)}Request`, value);
export const problemOfResponse = (method, value) => validate(`response#/$defs/${typeName(method)}Response`, value);
export const problemOfRefusal = (status, value) =>
  refusals.includes(`Refusal${status}`)
    ? validate(`response#/$defs/Refusal${status}`, value)
    : "no refusal has this HTTP status";
export const problemOfWebhook = (value) => validate("webhook", value);
export const problemOfPayment = (value) => validate("response#/$defs/Payment", value);

// Of the headers of a webhook, as openapi.json describes them.
const headersOfWebhook = JSON.parse(fs.readFileSync(path.join(contract, "openapi.json"), "utf8")).webhooks[
  "payment.completed"
].post.parameters.map(({ name, required, schema: of }) => [name, ajv.compile(of), required]);
export function problemOfWebhookHeaders(headers) {
  const wrong = headersOfWebhook.find(([name, check, required]) => {
    const value = headers[name.toLowerCase()];
    return value === undefined ? required && !check(value) : !check(value);
  });
  return wrong ? `the header ${wrong[0]}: ${ajv.errorsText(wrong[1].errors)}` : "";
}

// Of a document as a whole.
export const problemOfAnyRequest = (value) => validate("request", value);
export const problemOfAnyResponse = (value) => validate("response", value);

// The method a body names in either spelling, when the contract has it.
export function methodOf(body) {
  const named = body?.method?.const ?? body?.method;
  return methods.includes(named) ? named : null;
}
