// Types are generated from the documents of docs/reference: `npm run generate [FOLDER]`.
//
// openapi-typescript reads both: messages of sockets are JSON Schema, as those of calls are, so the
// AsyncAPI document is shown to it as the components of an OpenAPI document.

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const HERE = fileURLToPath(new URL(".", import.meta.url));
const REFERENCE = join(HERE, "../../docs/reference");
const folder = process.argv[2] ?? join(HERE, "src/generated");

const OPTIONS = {
  // What has a default may be left out.
  defaultNonNullable: false,
  rootTypes: true,
  rootTypesNoSchemaPrefix: true,
  silent: true,
};

const BLOB = ts.factory.createTypeReferenceNode("Blob");

function transform(schema) {
  return schema.format === "binary" ? BLOB : undefined;
}

async function documentOf(name) {
  return JSON.parse(await readFile(join(REFERENCE, name), "utf8"));
}

/** Calls, without what any of them may answer: its `code` is any text, so nobody could switch on codes. */
function callsOf(document) {
  for (const operations of Object.values(document.paths)) {
    for (const { responses } of Object.values(operations)) delete responses?.default;
  }
  return document;
}

/** What goes over sockets, as components. */
function messagesOf({ info, components: { schemas } }) {
  return { openapi: "3.1.0", info, paths: {}, components: { schemas } };
}

/** Why sockets close, as the document says. */
function closeCodesOf({ channels }) {
  const rows = channels.pool["x-close-codes"].map(
    ({ code, reason, advice }) => `  ${code}: ${JSON.stringify({ reason, advice })},\n`,
  );
  return `\n/** Why the server closes sockets, and what a client does then. */\nexport const closeCodes = {\n${rows.join("")}} as const;\n`;
}

async function write(name, source, text) {
  await writeFile(join(folder, name), `// Made by \`make clients\` from docs/reference/${source}.\n\n${text}`);
}

await mkdir(folder, { recursive: true });
const openapi = await documentOf("openapi.json");
const asyncapi = await documentOf("asyncapi.json");
await write("calls.ts", "openapi.json", astToString(await openapiTS(callsOf(openapi), { ...OPTIONS, transform })));
await write(
  "messages.ts",
  "asyncapi.json",
  astToString(await openapiTS(messagesOf(asyncapi), OPTIONS)) + closeCodesOf(asyncapi),
);
