// AsyncAPI's own parser reads a document; what it finds but for remarks is printed and fails.
import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";

const WARNING = 1;
const [path] = process.argv.slice(2);
const { document, diagnostics } = await new Parser().parse(await readFile(path, "utf8"));
const found = diagnostics.filter((each) => each.severity <= WARNING);
for (const { code, message, path: place } of found) console.log(`${place.join(".")}: ${code}: ${message}`);
process.exitCode = document && found.length === 0 ? 0 : 1;
