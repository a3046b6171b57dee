// node generate.mjs ERRORS VERSION OUT: writes the contract's files into the folder OUT. ERRORS is a file with what
// `multihub errors --json` prints. `./dev docs` calls it; a test compares its output with the files of the tree.
import fs from "node:fs";
import path from "node:path";
import { openapi } from "./openapi.mjs";
import { postman } from "./postman.mjs";
import { schemaDocuments } from "./schemas.mjs";

const [errorsFile, version, out] = process.argv.slice(2);
const catalogue = JSON.parse(fs.readFileSync(errorsFile, "utf8"));

function write(name, document) {
  const file = path.join(out, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, JSON.stringify(document, null, 1) + "\n");
}

write("errors.json", catalogue);
write("openapi.json", openapi(catalogue, version));
write("multihub.postman_collection.json", postman(version));
for (const [name, document] of Object.entries(schemaDocuments(catalogue))) write(`schemas/${name}`, document);
