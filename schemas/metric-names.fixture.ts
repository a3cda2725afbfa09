// Which metrics the programs have, by the words of their sources; and which ones an expression of Prometheus asks for. Used by the specs of
// docker/'s dashboards and alarms.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const ROOT = path.resolve(import.meta.dirname, '..');

const sources = (): string =>
  ['apps', 'libs']
    .flatMap((folder) =>
      readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
        .map((file) => readFileSync(path.join(ROOT, folder, file), 'utf8')),
    )
    .join('\n');
let text: string | undefined;

/** Of each program that spools charging facts: its name is put before these. */
const SPOOLED = /^(?:bono|sprout)_(charging_\w+)$/;

export const isMetric = (name: string): boolean => {
  text ??= sources();
  const base = name.replace(/_(bucket|count|sum)$/, '');
  const projection = /^projection_([a-z_]+?)_(?:lag_ms|parked_streams)$/
    .exec(base)?.[1]
    ?.replaceAll('_', '-');
  if (projection !== undefined) return existsSync(path.join(ROOT, 'projections', projection));
  const spooled = SPOOLED.exec(base)?.[1];
  return (
    text.includes(`'${base}'`) ||
    (spooled !== undefined && text.includes(`\`\${program}_${spooled}\``)) ||
    (spooled !== undefined && text.includes(`counter('${spooled.replace(/^charging_|_total$/g, '')}'`))
  );
};

const WORDS = new Set(['histogram_quantile', '__rate_interval', 'rate_interval', '__name__']);

/** Names of metrics, each once; matches of `__name__` by pattern stand for one projection of many. */
export const metricsIn = (expressions: readonly string[]): readonly string[] => {
  const plain = expressions.map((expression) =>
    expression
      .replaceAll(/__name__=~"projection_\.\+_(\w+)"/g, 'projection_registrations_by_aor_$1')
      .replaceAll(/"[^"]*"/g, ''),
  );
  const names = plain.flatMap((one) => [...one.matchAll(/\b[a-z_]+(?:_[a-z]+)+\b/g)].map(([name]) => name));
  return [...new Set(names)].filter((name) => !WORDS.has(name));
};
