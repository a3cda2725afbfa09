// 7.2: XCAP. What RFC 4825 says as tests, section by section; and on the running product: 10,000 conditional PUTs that race for one
// document, of which nothing that was accepted is lost, and XML attacks, each answered in time.
import { sleep } from '../../harness/children.js';
import { askHomer } from '../../harness/documents.js';
import { type Product, withProduct } from '../../harness/product.js';
import { provisionUser, userOf } from '../../harness/users.js';
import { checkTests } from '../jest-run.js';
import type { Line, Report } from '../line.js';

const PUTS = 10_000;
const PUTS_QUICK = 1_000;
const AT_ONCE = 32;
const ATTACK_MS_MAX = 50;
/** Tries of one attack: what counts is the product's time, not what else the machine did at that moment. */
const TRIES = 5;

/** What RFC 4825 says in these sections, as the names of tests say it. */
const SECTIONS = [
  '§6 URI', '§6.3', '§6.4', '§7.1–7.3', '§7.4', '§7.5', '§7.7–7.9', '§7.10', '§7.11', '§8:', '§8.1', '§8.2.1', '§8.2.2', '§8.2.3',
  '§8.2.4', '§8.2.5', '§8.2.6', '§8.4', '§8.5', '§11', '§13',
]; // prettier-ignore
/** All of §11.2 but `extension`, which is for servers that need another one. */
const CONFLICTS = [
  'not-well-formed', 'not-xml-frag', 'no-parent', 'schema-validation-error', 'not-xml-att-value', 'cannot-insert', 'cannot-delete',
  'uniqueness-failure', 'constraint-failure', 'not-utf-8',
]; // prettier-ignore

const LISTS =
  '<resource-lists xmlns="urn:ietf:params:xml:ns:resource-lists"><list name="0"/></resource-lists>';
const TYPE = 'application/resource-lists+xml';
const listsOf = (impu: string): string => `/resource-lists/users/${encodeURIComponent(impu)}/index`;

/** Each client reads the list's name, and puts its own with what it read as the condition. */
const race = async (report: Report, product: Product, path: string, puts: number): Promise<void> => {
  const name = `${path}/~~/resource-lists/list/@name`;
  const won = new Map<string, Readonly<{ read: string; value: string }>>();
  const lost: string[] = [];
  const other: number[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    for (let n = ++next; n <= puts; n = ++next) {
      const { etag } = await askHomer(product, 'GET', name);
      const value = `"${n}"`;
      const asked = { body: value, type: 'application/xcap-att+xml', headers: { 'if-match': etag } };
      const answer = await askHomer(product, 'PUT', name, asked);
      if (answer.status === 200) won.set(answer.etag, { read: etag, value });
      else if (answer.status === 412) lost.push(value);
      else other.push(answer.status);
    }
  };
  const startMs = performance.now();
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  report.figure('conditional PUTs', puts);
  report.figure('won', won.size);
  report.figure('refused with 412', lost.length);
  report.figure('PUTs a second', Math.round(puts / ((performance.now() - startMs) / 1000)));
  report.check('each PUT is 200 or 412', other.length === 0, other.slice(0, 20).join(' '));
  report.check('each has its answer', won.size + lost.length === puts, `${won.size} + ${lost.length}`);
  const chain = [...won].every(
    ([made, { read }]) => Number(made.slice(1, -1)) === Number(read.slice(1, -1)) + 1,
  );
  const reads = new Set([...won.values()].map(({ read }) => read));
  report.check('each winner wrote over what it had read, and no two over the same', chain && reads.size === won.size); // prettier-ignore
  const { etag } = await askHomer(product, 'GET', path);
  report.check('the document counts every winner', etag === `"${won.size + 1}"`, etag);
  const { body } = await askHomer(product, 'GET', name);
  report.check('and says what the last of them wrote', body === won.get(etag)?.value, body);
};

const nested = (depth: number): string => '<a>'.repeat(depth) + '</a>'.repeat(depth);
const entities = Array.from({ length: 20 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join(
  '',
);

const ATTACKS: readonly (readonly [what: string, body: string | Uint8Array<ArrayBuffer>])[] = [
  ['entities that grow', `<!DOCTYPE a [${entities}]><a>&e20;</a>`],
  ['an external entity', '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>'],
  ['a document type elsewhere', '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>'],
  ['a document type behind white space', `${' '.repeat(90_000)}<!DOCTYPE a><a/>`],
  ['depth', nested(10_000)],
  ['depth that never ends', '<a>'.repeat(33_000)],
  ['length', `<a>${' '.repeat(250_000)}</a>`],
  ['more than a body may be', `<a>${' '.repeat(1_000_000)}</a>`],
  ['elements', `<a>${'<b/>'.repeat(24_000)}</a>`],
  ['attributes', `<a ${Array.from({ length: 12_000 }, (_, i) => `b${i}=""`).join(' ')}/>`],
  ['namespaces', `<a ${Array.from({ length: 5_000 }, (_, i) => `xmlns:n${i}="u"`).join(' ')}/>`],
  ['an attribute twice by its namespace', '<a xmlns:b="u" xmlns:c="u" b:x="" c:x=""/>'],
  ['an encoding by name', '<?xml version="1.0" encoding="UTF-7"?><a/>'],
  ['an encoding by bytes', new Uint8Array([0xff, 0xfe, 0x3c, 0, 0x61, 0, 0x2f, 0, 0x3e, 0])],
  ['bytes that are no UTF-8', new Uint8Array([0x3c, 0x61, 0x3e, 0xc0, 0xaf, 0x3c, 0x2f, 0x61, 0x3e])],
  ['a comment that never ends', `<a><!-- ${'- '.repeat(45_000)}`],
];

const attack = async (report: Report, product: Product, path: string): Promise<void> => {
  const times: Record<string, number> = {};
  const before = await askHomer(product, 'GET', path);
  for (const [what, body] of ATTACKS) {
    let best = Infinity;
    for (let i = 0; i < TRIES; i++) {
      const startMs = performance.now();
      const { status } = await askHomer(product, 'PUT', path, { body, type: TYPE });
      best = Math.min(best, performance.now() - startMs);
      report.check(`${what}: 409, or 413 where it is too long`, status === 409 || status === 413, String(status)); // prettier-ignore
      await sleep(0);
    }
    times[what] = Math.round(best * 10) / 10;
  }
  report.figure('milliseconds to the error', times);
  report.atMost('slowest attack, ms', Math.max(...Object.values(times)), ATTACK_MS_MAX);
  const after = await askHomer(product, 'GET', path);
  report.check('the document is as it was', after.etag === before.etag && after.body === before.body);
};

export const line: Line = {
  async run(report) {
    await checkTests(report, 'RFC 4825 by section', ['libs/xcap', 'apps/homer'], {
      atLeast: 230,
      shown: [...SECTIONS, ...CONFLICTS],
    });
    await withProduct({}, async (product) => {
      const { impu } = (await provisionUser(product, userOf('lister'))).user;
      const path = listsOf(impu);
      const { status } = await askHomer(product, 'PUT', path, { body: LISTS, type: TYPE });
      report.check('the document is made', status === 201, String(status));
      await attack(report, product, path);
      await race(report, product, path, report.quick ? PUTS_QUICK : PUTS);
    });
  },
};
