import { clusterBanner } from './cluster-banner.js';
import { APPS, hostsText, type Member, planCluster } from './cluster-plan.js';

const engines = { kafka: ['k:1'], memcached: ['m:1', 'm:2'], cassandra: ['c:1'], etcd: ['http://e:1'] };
const options = { network: '127.1.2', folder: '/f', engines, name: 'x', apiKey: 'a-key-for-this-test' };
const of = (members: readonly Member[], name: string): Member =>
  members.find((member) => member.name === name) as Member;

describe('the plan of a cluster', () => {
  const members = planCluster(options);

  it('has two of each program and one projector, no two on one address or in one folder', () => {
    expect(members.map(({ name }) => name).sort()).toEqual(
      APPS.filter((app) => app !== 'ralf')
        .flatMap((app) => (app === 'projector' ? [`${app}-1`] : [`${app}-1`, `${app}-2`]))
        .sort(),
    );
    expect(new Set(members.map(({ address }) => address)).size).toBe(members.length);
    expect(new Set(members.map(({ env }) => env['DATA_DIR'])).size).toBe(members.length);
  });

  it('gives all of them the same engines, keys and generation', () => {
    for (const name of [
      'KAFKA_BROKERS',
      'VIEW_GENERATION',
      'CASSANDRA_KEYSPACE',
      'MASTER_KEY_FILE',
      'DIALOG_KEY_FILE',
      'API_KEYS',
    ])
      expect(new Set(members.map(({ env }) => env[name])).size).toBe(1);
  });

  it('has Ralfs where it is told to, each with a name of its own for CDFs', () => {
    const ralfs = planCluster({ ...options, each: { ralf: 2 } }).filter(({ app }) => app === 'ralf');
    expect(ralfs.map(({ env }) => env['RALF_DIAMETER_HOST'])).toEqual(['ralf-1.ims.test', 'ralf-2.ims.test']);
  });

  it('has Homesteads with a name each for HSSs', () => {
    const homesteads = members.filter(({ app }) => app === 'homestead');
    expect(homesteads.map(({ env }) => env['DIAMETER_HOST'])).toEqual([
      'homestead-1.ims.test',
      'homestead-2.ims.test',
    ]);
  });

  it('has two portals with one sign-up code, each with a Homestead Prov and a Homer to ask and an edge for its phones', () => {
    const ellises = planCluster({ ...options, signupCode: 'come-in' }).filter(({ app }) => app === 'ellis');
    expect(ellises.map(({ env }) => env['ELLIS_WEBSOCKET_URLS'])).toEqual([
      'ws://127.1.2.11:5062',
      'ws://127.1.2.12:5062',
    ]);
    for (const { env } of ellises)
      expect(env).toMatchObject({
        SIGNUP_CODE: 'come-in',
        HOMESTEAD_PROV_URL: 'http://homestead-prov:8889',
        HOMER_URL: 'http://homer:7888',
        SPROUT_HTTP_URL: 'http://sprout:9888',
      });
  });

  it('puts Rogers before memcached, or not where there are none', () => {
    const { env } = of(members, 'sprout-1');
    expect(env).toMatchObject({
      MEMCACHED_SERVERS: '127.1.2.91:11311,127.1.2.92:11311',
      MEMCACHED_ALIKE: '1',
    });
    expect(of(members, 'rogers-2').env['ROGERS_SERVERS']).toBe('m:1,m:2');
    const [bare] = planCluster({ ...options, each: { rogers: 0 } });
    expect([bare?.env['MEMCACHED_SERVERS'], bare?.env['MEMCACHED_ALIKE']]).toEqual(['m:1,m:2', undefined]);
  });

  it('takes one broker for a single one, and three for replicas', () => {
    expect(members[0]?.env['KAFKA_SINGLE']).toBe('1');
    const three = planCluster({ ...options, engines: { ...engines, kafka: ['k:1', 'k:2', 'k:3'] } });
    expect(three[0]?.env['KAFKA_SINGLE']).toBe('0');
  });

  it('lets an edge ask any router, or one alone', () => {
    expect(of(members, 'bono-2').env['SPROUT_ADDRESS']).toBe('sprout');
    const pinned = planCluster({ ...options, isPinned: true });
    expect(of(pinned, 'bono-2').env['SPROUT_ADDRESS']).toBe('sprout-2');
  });

  it('has as many of each as it is told, each edge and router of several processes', () => {
    const each = {
      bono: 1,
      sprout: 1,
      homestead: 1,
      homer: 0,
      chronos: 0,
      ralf: 0,
      projector: 0,
      rogers: 0,
      ellis: 0,
      'homestead-prov': 1,
    };
    const few = planCluster({ ...options, each, workers: 2 });
    expect(few.map(({ name }) => name)).toEqual(['homestead-prov-1', 'homestead-1', 'sprout-1', 'bono-1']);
    expect(of(few, 'bono-1').env).toMatchObject({ WORKERS: '2', SPROUT_CONNECTIONS: '8' });
    expect(of(few, 'sprout-1').env['WORKERS']).toBe('2');
    expect(hostsText('127.1.2', { each })).not.toContain('homer');
  });

  it('names every address in the hosts file', () => {
    const lines = hostsText('127.1.2').trim().split('\n');
    expect(lines.sort()).toEqual(members.map(({ address, app, name }) => `${address} ${app} ${name}`).sort());
  });
});

it('tells people what runs where', () => {
  const cluster = { members: planCluster(options), pid: () => 4711 };
  const demo = [{ impu: 'sip:alice@ims.test', impi: 'alice@ims.test', password: 'secret' }];
  const text = clusterBanner({
    cluster,
    engines,
    demo,
    folder: '/f',
    url: 'http://127.1.2.41:8889',
    signupCode: 'come-in',
  });
  for (const part of [
    'sprout-2',
    '127.1.2.22',
    '4711',
    'm:1, m:2',
    'password secret',
    'http://127.1.2.101:8080/',
    'come-in',
  ])
    expect(text).toContain(part);
});
