// usage: node kubernetes.mjs FOLDER: checks every manifest of it against the Kubernetes API's own schemas, without a
// cluster. Required fields, forms and ranges by the schemas' validators; keys that do not exist, which those let pass,
// and values outside of an enumeration by the type checker, from the types made of the same schemas.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as yaml from "js-yaml";
import ts from "typescript";

const modules = path.join(path.dirname(fileURLToPath(import.meta.url)), "node_modules");

const folder = process.argv[2];
const problems = [];

function manifests(file) {
  return yaml.loadAll(fs.readFileSync(path.join(folder, file), "utf8")).map((document, i) => ({
    name: `${file}, document ${i + 1} (${document.kind})`,
    module: `kubernetes-models/${document.apiVersion}/${document.kind}`,
    kind: document.kind,
    document,
  }));
}

async function validate(manifest) {
  const Model = (await import(manifest.module))[manifest.kind];
  try {
    new Model(manifest.document).validate();
  } catch (error) {
    problems.push(`${manifest.name}: ${error.message}`);
  }
}

function checkTypes(all) {
  const lines = [];
  all.forEach((manifest, i) => {
    lines.push(`import { I${manifest.kind} as T${i} } from ${JSON.stringify(manifest.module)};`);
    lines.push(`export const m${i}: T${i} = ${JSON.stringify(manifest.document)};`);
  });
  // Beside node_modules, where the types are looked for.
  const source = path.join(fs.mkdtempSync(path.join(modules, ".checked-")), "manifests.mts");
  fs.writeFileSync(source, lines.join("\n"));
  const program = ts.createProgram([source], {
    noEmit: true, strict: true, skipLibCheck: true, types: [],
    module: ts.ModuleKind.Node16, moduleResolution: ts.ModuleResolutionKind.Node16, target: ts.ScriptTarget.ES2020,
  });
  for (const found of ts.getPreEmitDiagnostics(program)) {
    const line = found.file ? found.file.getLineAndCharacterOfPosition(found.start).line : -1;
    const name = line < 0 ? "types" : all[Math.floor(line / 2)].name;
    problems.push(`${name}: ${ts.flattenDiagnosticMessageText(found.messageText, "\n  ")}`);
  }
  fs.rmSync(path.dirname(source), { recursive: true });
}

const files = fs.readdirSync(folder).filter((file) => file.endsWith(".yaml") && file !== "kustomization.yaml").sort();
const listed = yaml.load(fs.readFileSync(path.join(folder, "kustomization.yaml"), "utf8")).resources.slice().sort();
if (JSON.stringify(listed) !== JSON.stringify(files)) problems.push(`kustomization.yaml lists ${listed}, not ${files}`);
const all = files.flatMap(manifests);
for (const manifest of all) await validate(manifest);
checkTypes(all);
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`ok: ${all.length} Kubernetes manifests hold to the API's schemas`);
process.exit(problems.length === 0 ? 0 : 1);
