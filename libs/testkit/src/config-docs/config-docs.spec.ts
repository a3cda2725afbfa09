import { readFileSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from '../tidy/tree.js';
import { configFiles, configurationPage } from './config-docs.js';

const load = (file: string) => import(path.join(ROOT, file)) as Promise<object>;

describe('docs/configuration.md', () => {
  it('is what `npm run docs:config` writes', async () => {
    const written = readFileSync(path.join(ROOT, 'docs/configuration.md'), 'utf8');
    expect(written).toBe(await configurationPage(ROOT, load));
  });

  it('has the variables that others rely on', async () => {
    const page = await configurationPage(ROOT, load);
    const names =
      'HOME_DOMAIN BIND_ADDRESS PUBLIC_HOST TRUSTED_PEERS DATA_DIR MASTER_KEY_FILE BONO_PORT BONO_WS_PORT BONO_TRUSTED_PORT ' +
      'ICSCF_PORT SCSCF_PORT SPROUT_HTTP_PORT MANAGEMENT_PORT HOMESTEAD_PORT HOMESTEAD_PROV_PORT SPROUT_ADDRESS HOMESTEAD_URL ' +
      'EVENT_LOG VIEW_STORE SUBSCRIBER_STORE API_KEYS REG_MAX_EXPIRES REG_MIN_EXPIRES DEMO DIGEST_ALGORITHMS LOG_LEVEL';
    expect(names.split(' ').filter((name) => !page.includes(`\`${name}\` |`))).toEqual([]);
  });

  it('reads more than one file', () => {
    expect(configFiles(ROOT).length).toBeGreaterThan(2);
  });
});
