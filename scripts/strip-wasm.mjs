// Takes out of every .wasm of a folder what no browser reads: the names of functions and who made the file.
// Usage: node scripts/strip-wasm.mjs FOLDER
// A module is a header of 8 bytes and sections: an id, a length in LEB128, a body. A custom section has the id 0,
// and its body begins with its name (WebAssembly Core Specification 2.0, sections 5.5.2 and 5.5.3).

import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { extname, join } from "node:path";

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node scripts/strip-wasm.mjs FOLDER");
  process.exit(2);
}

const HEADER_BYTES = 8;
const NOBODY_READS = new Set(["name", "producers"]);

/** The number that begins at `at`, and where it ends. */
function leb128(bytes, at) {
  let [value, shift] = [0, 1];
  for (;;) {
    const byte = bytes[at++];
    value += (byte & 0x7f) * shift;
    if (byte < 0x80) return [value, at];
    shift *= 0x80;
  }
}

function stripped(bytes) {
  const kept = [bytes.subarray(0, HEADER_BYTES)];
  for (let at = HEADER_BYTES; at < bytes.length; ) {
    const [length, body] = leb128(bytes, at + 1);
    const end = body + length;
    if (end > bytes.length) throw new Error("a section is longer than its file");
    let name;
    if (bytes[at] === 0) {
      const [letters, from] = leb128(bytes, body);
      name = bytes.toString("utf8", from, from + letters);
    }
    if (!NOBODY_READS.has(name)) kept.push(bytes.subarray(at, end));
    at = end;
  }
  return Buffer.concat(kept);
}

for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || extname(entry.name) !== ".wasm") continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  writeFileSync(path, stripped(readFileSync(path)));
}
