// Takes the torture messages out of the RFC texts, bit-exact, one .dat file each.
// RFC 4475 Appendix A is a base64 tar.gz; RFC 5118 §4 prints its messages. Used once, kept so that the files can be checked.
// Usage: node extract.mjs rfc4475.txt rfc5118.txt (or .gz) [target folder]
import { Buffer } from 'node:buffer';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';

const [rfc4475, rfc5118, target = import.meta.dirname] = process.argv.slice(2);
const textOf = (file) =>
  (file.endsWith('.gz') ? gunzipSync(readFileSync(file)) : readFileSync(file)).toString('latin1');

/** Lines of the archive block: single words, which page headers and footers are not. */
const archive = (text) => {
  const lines = text.split('\n');
  const first = lines.findIndex((line) => /^\s*-- BEGIN MESSAGE ARCHIVE --\s*$/.test(line));
  const last = lines.findIndex((line) => /^\s*-- END MESSAGE ARCHIVE --\s*$/.test(line));
  const block = lines.slice(first + 1, last).filter((line) => /^\s*\S+\s*$/.test(line));
  return gunzipSync(Buffer.from(block.map((line) => line.trim()).join(''), 'base64'));
};

function* filesOf(tar) {
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const name = tar.toString('latin1', at, at + 100).split('\0')[0];
    const size = parseInt(tar.toString('latin1', at + 124, at + 136), 8);
    const regular = tar[at + 156] === 48 || tar[at + 156] === 0;
    if (regular && size > 0) yield [path.basename(name), tar.subarray(at + 512, at + 512 + size)];
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

/** Message lines are indented by six; allOneLine joins what the page is too narrow for; sections begin at column 0. */
function* printed(text) {
  const clean = text.replace(/\n+Gurbani, et al\..*\n\f?\n*RFC 5118.*\n+/g, '\n');
  for (const part of clean.split(/^ {3}Message Details: /m).slice(1)) {
    const [name, ...rest] = part.split('\n');
    const lines = [];
    let joined;
    for (const line of rest) {
      if (/^ {0,5}\S/.test(line)) break;
      const text = line.slice(6);
      if (text === '<allOneLine>') joined = '';
      else if (text === '</allOneLine>') {
        lines.push(joined);
        joined = undefined;
      } else if (joined === undefined) lines.push(text);
      else joined += text;
    }
    while (lines[0] === '') lines.shift();
    while (lines.at(-1) === '') lines.pop();
    // A page break inside a message leaves empty lines between header lines: only the one before a body counts.
    const hasBody = lines.some((line) => line === 'v=0');
    const body = hasBody ? lines.indexOf('v=0') : lines.length;
    const headers = lines.slice(0, body).filter((line) => line !== '');
    const after = lines.slice(body).filter((line) => line !== '');
    yield [
      name.trim(),
      Buffer.from([...headers, '', ...after].map((line) => `${line}\r\n`).join(''), 'latin1'),
    ];
  }
}

let count = 0;
for (const [name, bytes] of filesOf(archive(textOf(rfc4475)))) {
  writeFileSync(path.join(target, name), bytes);
  count++;
}
for (const [name, bytes] of printed(textOf(rfc5118))) {
  writeFileSync(path.join(target, `${name}.dat`), bytes);
  count++;
}
console.log(`${count} messages`);
