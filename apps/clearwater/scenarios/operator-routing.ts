// The operator's routes, numbers and trunks of a scenario, as the files that router and edge read: `route +44 sip:10.9.0.1:5060`,
// `route example.test sip:a,sip:b`, `number +1555 !^(.*)$!sip:\1@ims.test!`, `trunk {"name": "carrier", …}`.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { BonoConfig } from '#apps/bono';
import type { SproutConfig } from '#apps/sprout';

const routeOf = ([, key = '', uris = '']: readonly string[]): object => ({
  name: key,
  ...(/^[+0-9]/.test(key) ? { number: key } : { domain: key }),
  route: uris.split(','),
});

const blockOf = ([, prefix = '', regex = '']: readonly string[]): object => ({ name: prefix, prefix, regex });

const folders: string[] = [];

/** Written into the system's folder for temporary files; nothing where the scenario has none. */
export const operatorFilesOf = (
  lines: readonly string[],
): Readonly<{
  sprout: Partial<Pick<SproutConfig, 'bgcfFile' | 'enumFile'>>;
  bono: Partial<Pick<BonoConfig, 'trunksFile'>>;
}> => {
  if (lines.length === 0) return { sprout: {}, bono: {} };
  const folder = mkdtempSync(path.join(tmpdir(), 'routing-'));
  folders.push(folder);
  const words = lines.map((line) => line.trim().split(/\s+/));
  const write = (name: string, kind: string, content: (entries: readonly string[][]) => object): string => {
    const entries = words.filter(([first]) => first === kind);
    if (entries.length === 0) return '';
    const file = path.join(folder, name);
    writeFileSync(file, JSON.stringify(content(entries)));
    return file;
  };
  const trunkOf = ([, ...json]: readonly string[]): unknown => JSON.parse(json.join(' '));
  return {
    sprout: {
      bgcfFile: write('bgcf.json', 'route', (entries) => ({ routes: entries.map(routeOf) })),
      enumFile: write('enum.json', 'number', (entries) => ({ number_blocks: entries.map(blockOf) })),
    },
    bono: { trunksFile: write('trunks.json', 'trunk', (entries) => ({ trunks: entries.map(trunkOf) })) },
  };
};

export const removeOperatorFiles = (): void => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
};
