import { readFileSync } from 'node:fs';
import { inRepository } from '../harness/root.js';
import { ALARM_FAULTS, NOT_RAISED } from './alarm-faults.js';
import { hurriedAlarms } from './prometheus.js';

const shipped = readFileSync(inRepository('docker/prometheus/alarms.yml'), 'utf8');

describe('the alarms of a run of faults', () => {
  it('are those that are shipped, sooner, and nothing else about them is changed', () => {
    const { text, alarms } = hurriedAlarms(shipped, 10);
    expect(alarms.find(({ name }) => name === 'CacheBehind')).toEqual({
      name: 'CacheBehind',
      runbook: 'docs/runbook/cache-behind.md',
      forMs: 60_000,
    });
    const without = (rules: string): string => rules.replace(/^ +for: .*$/gm, '');
    expect(without(text)).toBe(without(shipped));
    expect(alarms.length).toBe(shipped.match(/- alert: /g)!.length);
    expect(alarms.every(({ name, runbook, forMs }) => name !== '' && runbook !== '' && forMs >= 0)).toBe(
      true,
    );
  });

  it('have each a fault that raises it, or a reason why not', () => {
    const { alarms } = hurriedAlarms(shipped, 1);
    const raised = ALARM_FAULTS.flatMap(({ alarms: names }) => names);
    expect([...raised, ...Object.keys(NOT_RAISED)].sort()).toEqual(alarms.map(({ name }) => name).sort());
  });
});
