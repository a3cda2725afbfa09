import { ProcessConfig } from '#libs/runtime';
import { applyShared, sharingFault } from '#libs/shared-config';
import { SHARED_CLASSES } from './shared-classes.js';

describe('what may be shared', () => {
  it.each([
    ['REG_MAX_EXPIRES', '600', undefined],
    ['LOG_LEVEL', 'debug', undefined],
    ['MEMCACHED_SERVERS', '10.0.0.1:11211,10.0.0.2:11211', undefined],
    ['KAFKA_BROKERS', '10.0.0.1:9092', undefined],
    ['EVENT_LOG', 'paper', /EVENT_LOG/],
    ['REG_MAX_EXPIRES', 'soon', /REG_MAX_EXPIRES/],
    ['DATA_DIR', '/data', /one machine/],
    ['ETCD_ENDPOINTS', 'http://10.0.0.1:2379', /one machine/],
    ['API_KEYS', 'x'.repeat(20), /secret/],
    ['CASSANDRA_PASSWORD', 'x', /secret/],
    ['NO_SUCH', '1', /no variable/],
  ])('%s=%s', (name, value, fault) => {
    if (fault === undefined) expect(sharingFault(SHARED_CLASSES, name, value)).toBeUndefined();
    else expect(sharingFault(SHARED_CLASSES, name, value)).toMatch(fault);
  });
});

describe('a start', () => {
  it('takes what the machine does not say itself, and nothing bad', () => {
    const env: Record<string, string | undefined> = { LOG_LEVEL: 'warn' };
    const values = {
      LOG_LEVEL: 'debug',
      REG_MAX_EXPIRES: '600',
      REG_MIN_EXPIRES: 'x',
      HOME_DOMAIN: 'a.test',
    };
    const applied = applyShared(SHARED_CLASSES, values, env, { HOME_DOMAIN: 'b.test' });
    expect(env).toEqual({ LOG_LEVEL: 'warn', REG_MAX_EXPIRES: '600' });
    expect(applied.taken).toEqual(['REG_MAX_EXPIRES']);
    expect(applied.refused).toHaveLength(1);
  });

  it('passes over the variables of other programs', () => {
    const env: Record<string, string | undefined> = {};
    const values = { BONO_PORT: '5070', LOG_LEVEL: 'debug' };
    expect(applyShared([ProcessConfig], values, env, {})).toEqual({ taken: ['LOG_LEVEL'], refused: [] });
    expect(env).toEqual({ LOG_LEVEL: 'debug' });
  });
});
