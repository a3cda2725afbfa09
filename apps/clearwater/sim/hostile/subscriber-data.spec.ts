// What subscriber data may hold to hurt who reads it: expressions that explode, XML that grows or reaches out (TS 29.228 Annexes E
// and F; docs/architecture.md §7). Data that cannot be taken is refused as it is provisioned.
import { criteriaXml } from '../../scenarios/criteria-xml.js';
import { createWorld, type World } from '../world.js';
import { registeredPhone, statusOf } from './attacker.js';

let world: World;
beforeEach(async () => {
  world = await createWorld();
  for (const user of ['alice', 'bob']) await world.subscriber(user);
});
afterEach(() => world.close());

/** Milliseconds of the processor that `work` took. */
const cpuMsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
};

/** Far above what it takes, far below what backtracking would. */
const CPU_MS_MAX = 3_000;

const withHeaderPattern = (content: string): string =>
  criteriaXml(['1 INVITE term sip:as.invalid']).replace(
    '</TriggerPoint>',
    `<SPT><ConditionNegated>0</ConditionNegated><Group>2</Group><SIPHeader><Header>Subject</Header><Content>${content}</Content></SIPHeader></SPT></TriggerPoint>`,
  );

describe('a filter criterion with a regular expression that explodes', () => {
  it.each(['^(a+)+$', '^(a|a)*$', '^(a*)*b$', '(.*a){20}$', '^([a-zA-Z]+)*$'])(
    '%s is matched in no more time than the text takes',
    async (content) => {
      await world.subscriber('carol', withHeaderPattern(content));
      const alice = await registeredPhone(world, 'alice');
      const carol = await registeredPhone(world, 'carol');
      const headers = `Subject: ${'a'.repeat(8_000)}!\r\n`;
      const call = () => world.until(alice.call(carol.aor, { headers }));
      expect(await cpuMsOf(call)).toBeLessThan(CPU_MS_MAX);
      expect(carol.received[0]?.method).toBe('INVITE');
      const served = (await world.events()).find(({ event }) => event.type === 'TerminatingServed');
      expect(served?.event.data).toMatchObject({ criteria: { evaluated: 1 } });
    },
  );
});

describe('filter criteria as XML that grows or reaches out', () => {
  const levels = Array.from({ length: 9 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`).join(
    '',
  );
  const profile = (body: string): string =>
    criteriaXml(['1 INVITE term sip:as.invalid']).replace('sip:as.invalid', body);
  const DOCUMENTS = [
    ['a billion laughs', `<!DOCTYPE a [<!ENTITY e0 "ha">${levels}]>${profile('&e9;')}`],
    ['quadratic growth', `<!DOCTYPE a [<!ENTITY e "${'x'.repeat(50_000)}">]>${profile('&e;'.repeat(1_000))}`],
    ['an external entity', `<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>${profile('&e;')}`],
    [
      'an external entity over HTTP',
      `<!DOCTYPE a [<!ENTITY e SYSTEM "http://10.66.0.9/x">]>${profile('&e;')}`,
    ],
    ['an external document type', `<!DOCTYPE a SYSTEM "http://10.66.0.9/x.dtd">${profile('sip:as.invalid')}`],
    [
      'parameter entities',
      `<!DOCTYPE a [<!ENTITY % e SYSTEM "file:///etc/passwd"> %e;]>${profile('sip:as.invalid')}`,
    ],
    ['depth', profile(`${'<a>'.repeat(100_000)}${'</a>'.repeat(100_000)}`)],
  ] as const;

  it.each(DOCUMENTS)('%s is refused at once, and nothing of it is kept', async (_what, xml) => {
    const refused = (): Promise<unknown> => expect(world.subscriber('carol', xml)).rejects.toThrow();
    expect(await cpuMsOf(refused)).toBeLessThan(CPU_MS_MAX);
    const carol = await world.phone('carol');
    expect(statusOf(await world.until(carol.register()))).not.toBe(200);
  });

  it('an entity without a definition stays text', async () => {
    const made = world.subscriber('carol', profile('sip:&unknown;@as.invalid'));
    await made.catch(() => undefined);
    expect(JSON.stringify(await world.events())).not.toContain('root:');
  });
});
