// node examples.mjs: checks every JSON example of the documents, and the requests the tests keep, against the schemas.
// Prints what it found as JSON: how many of which kind, and every problem.
//
// An example is a block marked json, or a call in single quotes inside a block of shell. What it is, it says itself, by
// a key nothing else has; one that says nothing is a problem, so that none is passed over.
import fs from "node:fs";
import path from "node:path";
import * as contract from "./validators.mjs";

const found = { json: 0, shell: 0, files: 0, request: 0, response: 0, webhook: 0, payment: 0 };
const problems = [];

function filesUnder(folder, ending) {
  return fs.readdirSync(path.join(contract.root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesUnder(file, ending);
    return entry.name.endsWith(ending) ? [file] : [];
  });
}

// A page of a method shows answers of that method.
function problemOfResponse(file, value) {
  const name = path.basename(file, ".md").replace("_", ".");
  if (value.success === true && contract.methods.includes(name)) return contract.problemOfResponse(name, value);
  return contract.problemOfAnyResponse(value);
}

function judge(file, value) {
  if (value !== null && typeof value === "object") {
    if ("method" in value) {
      const method = contract.methodOf(value);
      return [
        "request",
        method ? contract.problemOfRequest(method, value) : `no method is called ${JSON.stringify(value.method)}`,
      ];
    }
    if ("merchant_id" in value) return ["webhook", contract.problemOfWebhook(value)];
    if ("success" in value) return ["response", problemOfResponse(file, value)];
    if ("destination" in value) return ["payment", contract.problemOfPayment(value)];
  }
  return [null, "neither request, response, webhook nor payment"];
}

function check(file, line, text) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    problems.push(`${file}:${line}: ${error.message}`);
    return;
  }
  const [kind, problem] = judge(file, value);
  if (kind) ++found[kind];
  if (problem) problems.push(`${file}:${line}: ${problem}`);
}

// 'text'"$VARIABLE"'text' is one word of the shell.
const quotedCall = /'(\{"method"(?:[^']|'"\$\w+"')*)'/g;

function checkPage(file) {
  const markdown = fs.readFileSync(path.join(contract.root, file), "utf8");
  const lineOf = (offset) => markdown.slice(0, offset).split("\n").length;
  for (const block of markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)) {
    if (block[1] === "json") {
      ++found.json;
      check(file, lineOf(block.index), block[2]);
    }
    if (block[1] === "sh") {
      for (const call of block[2].matchAll(quotedCall)) {
        ++found.shell;
        check(file, lineOf(block.index), call[1].replaceAll(/'"\$\w+"'/g, "x"));
      }
    }
  }
}

for (const file of ["README.md", ...filesUnder("docs", ".md"), ...filesUnder("examples", ".md")]) checkPage(file);
for (const file of filesUnder("tests/fixtures/requests", ".json")) {
  ++found.files;
  check(file, 1, fs.readFileSync(path.join(contract.root, file), "utf8"));
}
console.log(JSON.stringify({ found, problems }));
