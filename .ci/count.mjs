// Adds up what .ci/run left in a folder: steps, jest's JSON outputs, acceptance lines, those that are named besides: each has to have run.
// Prints what failed, then the one last line.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

const [folder = '.', ...expectedLines] = process.argv.slice(2);
const failures = [];
let passed = 0;

const read = (name) =>
  existsSync(path.join(folder, name)) ? readFileSync(path.join(folder, name), 'utf8') : undefined;
const fail = (count, what) => {
  for (let i = 0; i < count; i += 1) failures.push(i === 0 ? what : `${what} (${i + 1})`);
};

for (const line of (read('steps') ?? '').split('\n').filter(Boolean)) {
  if (line.startsWith('ok ')) passed += 1;
  else fail(1, line.replace('not ok ', 'step '));
}

for (const name of ['unit', 'int', 'e2e']) {
  const text = read(`${name}.json`);
  if (text === undefined) {
    fail(1, `${name}: no test has run`);
    continue;
  }
  const output = JSON.parse(text);
  passed += output.numPassedTests;
  // A suite that cannot be loaded has failed without a single test of its own.
  const broken = output.testResults.filter(
    ({ assertionResults, status }) => status === 'failed' && assertionResults.length === 0,
  );
  for (const { name: file } of broken)
    fail(1, `${name}: ${path.relative(process.cwd(), file)} does not load`);
  for (const { name: file, assertionResults } of output.testResults) {
    for (const { status, fullName } of assertionResults) {
      const where = `${name}: ${path.relative(process.cwd(), file)}: ${fullName}`;
      if (status === 'failed') fail(1, where);
      if (status === 'pending' || status === 'todo' || status === 'skipped') fail(1, `${where} (skipped)`);
    }
  }
  if (output.numTotalTests === 0) fail(1, `${name}: no test was found`);
}

const lines = (read('accept.jsonl') ?? '').split('\n').filter((line) => line.startsWith('{'));
const ran = new Set(lines.map((text) => JSON.parse(text).line));
for (const line of expectedLines) if (!ran.has(line)) fail(1, `acceptance ${line}: it has not run`);
for (const text of lines) {
  const { line, pass, failures: why } = JSON.parse(text);
  if (pass) passed += 1;
  else fail(1, `acceptance ${line}: ${why.join('; ').slice(0, 400)}`);
}

for (const failure of failures) console.log(`FAILED ${failure.replace(/\s+/g, ' ')}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exitCode = failures.length === 0 && passed > 0 ? 0 : 1;
