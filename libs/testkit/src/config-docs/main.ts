// `npm run docs:config`: writes docs/configuration.md from the built classes.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { configurationPage } from './config-docs.js';

const root = process.cwd();
const page = await configurationPage(root, (file) => {
  const built = path.join(root, 'dist', file.replace(/\.ts$/, '.js'));
  return import(built) as Promise<object>;
});
writeFileSync(path.join(root, 'docs/configuration.md'), page);
