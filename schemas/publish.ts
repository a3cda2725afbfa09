// Publishes the schemas: freezes new ones in released.json and writes asyncapi.yaml anew.
// Run from the repository's root after a build: node dist/schemas/publish.js. Refuses when a released one was edited.
import { writeFileSync } from 'node:fs';
import { asyncApiOf } from './asyncapi.js';
import { brokenReleases, readReleased, readSchemas } from './catalogue.js';

const FOLDER = 'schemas';

const schemas = readSchemas(FOLDER);
const broken = brokenReleases(schemas, readReleased(FOLDER));
if (broken.length > 0) {
  process.stderr.write(`${broken.join('\n')}\nA released schema is never edited: add version N+1.\n`);
  process.exitCode = 1;
} else {
  const released = Object.fromEntries(schemas.map(({ file, checksum }) => [file, checksum]));
  writeFileSync(`${FOLDER}/released.json`, `${JSON.stringify(released, null, 2)}\n`);
  writeFileSync(`${FOLDER}/asyncapi.yaml`, asyncApiOf(schemas));
}
