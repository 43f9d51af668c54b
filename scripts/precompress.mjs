// Puts a .br and a .gz beside every file of a site that gains by it.
// Usage: node scripts/precompress.mjs SITE [OLD_SITE]
// What OLD_SITE holds unchanged is copied from there: brotli at its best level costs seconds for the wasm.

import { copyFileSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [site, old] = process.argv.slice(2);
if (!site) {
  console.error("usage: node scripts/precompress.mjs SITE [OLD_SITE]");
  process.exit(2);
}

/** Below this a header costs more than compression saves. */
const LEAST_BYTES = 1024;
/** Formats that are compressed already. */
const COMPRESSED = new Set([".br", ".gz", ".png", ".jpg", ".jpeg", ".webp", ".avif", ".woff", ".woff2", ".zip"]);

const brotli = (bytes) =>
  brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
const gzip = (bytes) => gzipSync(bytes, { level: 9 });

let made = 0;
let kept = 0;
for (const entry of readdirSync(site, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || COMPRESSED.has(extname(entry.name))) continue;
  const path = join(entry.parentPath ?? entry.path, entry.name);
  const bytes = readFileSync(path);
  if (bytes.length <= LEAST_BYTES) continue;
  const before = old && join(old, relative(site, path));
  const unchanged = before && existsSync(before) && readFileSync(before).equals(bytes);
  for (const [ending, compress] of [[".br", brotli], [".gz", gzip]]) {
    if (unchanged && existsSync(before + ending)) {
      copyFileSync(before + ending, path + ending);
      kept += 1;
      continue;
    }
    const small = compress(bytes);
    if (small.length < bytes.length) {
      writeFileSync(path + ending, small);
      made += 1;
    } else {
      rmSync(path + ending, { force: true });
    }
  }
}
console.error(`    ${made} compressed, ${kept} unchanged`);
