// Header name → id while the name is checked: a trie over the known names, one table load a character, no copy and no
// hash that a sender could aim at (RFC 3261 §7.3.1, §7.3.3). Readers: parse-message.ts, parse-partial.ts.
import { HEADER_IDS, UNKNOWN_HEADER, type HeaderId } from './header-table.js';
import { TOKEN_LOWER } from './scan.js';

/** Class of a character: 0 none of a token's, 1 a token's that no known name has, from 2 one a letter, case ignored. */
const CLASS_BITS = 5;
const classes = new Uint8Array(256);
for (let code = 0; code < 256; code++) classes[code] = TOKEN_LOWER[code] === 0 ? 0 : 1;
let classCount = 2;
for (const char of new Set([...HEADER_IDS.keys()].join(''))) {
  classes[char.charCodeAt(0)] = classCount;
  classes[char.toUpperCase().charCodeAt(0)] = classCount++;
}
if (classCount > 1 << CLASS_BITS) throw new Error('header-lookup: too many characters in header names');

/** Node 0: no known name begins so. Node 1: the start. */
const STATE_BITS = 10;
const children: number[][] = [[], []];
const idOfNode: number[] = [UNKNOWN_HEADER, UNKNOWN_HEADER];
for (const [name, id] of HEADER_IDS) {
  let node = 1;
  for (let index = 0; index < name.length; index++) {
    const kind = classes[name.charCodeAt(index)]!;
    let child = children[node]![kind];
    if (child === undefined) {
      child = children.push([]) - 1;
      idOfNode.push(UNKNOWN_HEADER);
      children[node]![kind] = child;
    }
    node = child;
  }
  idOfNode[node] = id;
}
if (children.length > 1 << STATE_BITS) throw new Error('header-lookup: too many header names');

const steps = new Uint16Array(children.length << CLASS_BITS);
children.forEach((row, node) => row.forEach((child, kind) => (steps[(node << CLASS_BITS) + kind] = child)));
const ids = Int16Array.from(idOfNode);

/** Reads the token at `at`: its end and what it names, in one number for `nameEndOf` and `headerIdOf`. */
export const scanName = (text: string, at: number): number => {
  let node = 1;
  for (let kind; (kind = classes[text.charCodeAt(at)]!) > 0; at++) node = steps[(node << CLASS_BITS) + kind]!;
  return (at << STATE_BITS) | node;
};

/** Index after the token; the token is empty when it is where the scan began. */
export const nameEndOf = (scanned: number): number => scanned >>> STATE_BITS;

export const headerIdOf = (scanned: number): HeaderId => ids[scanned & ((1 << STATE_BITS) - 1)]!;
