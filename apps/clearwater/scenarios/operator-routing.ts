// The operator's routes and numbers of a scenario, as the files that the router reads: `route +44 sip:10.9.0.1:5060`,
// `route example.test sip:a,sip:b`, `number +1555 !^(.*)$!sip:\1@ims.test!`.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SproutConfig } from '#apps/sprout';

const routeOf = ([, key = '', uris = '']: readonly string[]): object => ({
  name: key,
  ...(/^[+0-9]/.test(key) ? { number: key } : { domain: key }),
  route: uris.split(','),
});

const blockOf = ([, prefix = '', regex = '']: readonly string[]): object => ({ name: prefix, prefix, regex });

/** Written into the system's folder for temporary files; nothing where the scenario has none. */
export const routingFilesOf = (
  lines: readonly string[],
): Partial<Pick<SproutConfig, 'bgcfFile' | 'enumFile'>> => {
  if (lines.length === 0) return {};
  const folder = mkdtempSync(path.join(tmpdir(), 'routing-'));
  const words = lines.map((line) => line.trim().split(/\s+/));
  const write = (name: string, kind: string, content: (entries: readonly string[][]) => object): string => {
    const entries = words.filter(([first]) => first === kind);
    if (entries.length === 0) return '';
    const file = path.join(folder, name);
    writeFileSync(file, JSON.stringify(content(entries)));
    return file;
  };
  return {
    bgcfFile: write('bgcf.json', 'route', (entries) => ({ routes: entries.map(routeOf) })),
    enumFile: write('enum.json', 'number', (entries) => ({ number_blocks: entries.map(blockOf) })),
  };
};
