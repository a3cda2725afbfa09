import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ProfileCache } from '../profile-cache.js';
import { turnOf } from './chain.js';
import { chainBy, requestOf } from './chain.fixture.js';
import { type CriteriaFilesConfig, openCriteriaFiles } from './criteria-files.js';

const criterion = (server: string): string =>
  `<InitialFilterCriteria><Priority>1</Priority><ApplicationServer><ServerName>${server}</ServerName></ApplicationServer></InitialFilterCriteria>`;
const shared = (server: string): string =>
  `<SharedIFCsSets><SharedIFCsSet><SetID>7</SetID>${criterion(server)}</SharedIFCsSet></SharedIFCsSets>`;
const profileWith = (extension: string): string =>
  `<IMSSubscription><PrivateID>a</PrivateID><ServiceProfile><PublicIdentity><Identity>sip:a@ims.test</Identity>` +
  `</PublicIdentity>${extension}</ServiceProfile></IMSSubscription>`;
const SEVENTH = '<Extension><SharedIFCSetID>7</SharedIFCSetID></Extension>';

let folder: string;
beforeEach(() => void (folder = mkdtempSync(path.join(tmpdir(), 'criteria-'))));
afterEach(() => rmSync(folder, { recursive: true }));

const told: string[] = [];
const logger = {
  info: () => undefined,
  warn: (_details: unknown, message?: string) => void told.push(message ?? ''),
} as unknown as Parameters<typeof openCriteriaFiles>[1];

const CONFIG: CriteriaFilesConfig = { sharedIfcsFile: '', fallbackIfcsFile: '', applyFallbackIfcs: true, dummyAppServer: '', rejectIfNoMatchingIfcs: false }; // prettier-ignore
const withFiles = (files: Readonly<{ shared?: string; fallback?: string }>): CriteriaFilesConfig => {
  const write = (name: string, text: string | undefined): string => {
    if (text === undefined) return '';
    const file = path.join(folder, name);
    writeFileSync(file, text);
    return file;
  };
  return {
    ...CONFIG,
    sharedIfcsFile: write('shared.xml', files.shared),
    fallbackIfcsFile: write('fallback.xml', files.fallback),
  };
};

/** The first server that an INVITE of the profile's user is sent to. */
const askedBy = (profiles: ProfileCache, xml: string): string => {
  const chain = chainBy(profiles.rules(profiles.profile(xml)!.served.get('sip:a@ims.test')!.criteria));
  const turn = turnOf(chain, requestOf('INVITE'), 'sip:bob@ims.test');
  return turn.kind === 'invoke' ? turn.decision.criterion.source.applicationServer.serverName : turn.kind;
};

describe('criteria of the operator', () => {
  it('are asked by profiles that name their set, and by those that have none that match', () => {
    const files = openCriteriaFiles(withFiles({ shared: shared('sip:s'), fallback: `<FallbackIFCsSet>${criterion('sip:f')}</FallbackIFCsSet>` }), logger); // prettier-ignore
    const profiles = new ProfileCache();
    expect(askedBy(profiles, profileWith(SEVENTH))).toBe('end');
    profiles.useSets(files.sets);
    expect(askedBy(profiles, profileWith(SEVENTH))).toBe('sip:s');
    expect(askedBy(profiles, profileWith(''))).toBe('sip:f');
    files.close();
  });

  it('are read again at SIGHUP, and stay as they were when that fails', () => {
    const config = withFiles({ shared: shared('sip:one') });
    const files = openCriteriaFiles(config, logger);
    const profiles = new ProfileCache();
    profiles.useSets(files.sets);
    files.onChange = (sets) => profiles.useSets(sets);
    const hangUp = (text: string): string => {
      writeFileSync(config.sharedIfcsFile, text);
      process.emit('SIGHUP');
      return askedBy(profiles, profileWith(SEVENTH));
    };
    expect(hangUp(shared('sip:two'))).toBe('sip:two');
    expect(hangUp('<Shared')).toBe('sip:two');
    expect(told.at(-1)).toMatch(/stay as they were/);
    expect(hangUp(shared('sip:three'))).toBe('sip:three');
    files.close();
    expect(hangUp(shared('sip:four'))).toBe('sip:three');
  });

  it('that cannot be read stop a start', () => {
    expect(() => openCriteriaFiles(withFiles({ shared: '<no' }), logger)).toThrow(/cannot start/);
    expect(() => openCriteriaFiles({ ...CONFIG, fallbackIfcsFile: path.join(folder, 'none.xml') }, logger)).toThrow(/cannot start/); // prettier-ignore
  });

  it('that cannot be understood are told and left out', () => {
    const config = withFiles({ fallback: '<FallbackIFCsSet><InitialFilterCriteria><Priority>x</Priority></InitialFilterCriteria></FallbackIFCsSet>' }); // prettier-ignore
    const files = openCriteriaFiles(config, logger);
    expect(files.sets.chain.fallback).toBeUndefined();
    expect(told.at(-1)).toMatch(/left out/);
    files.close();
  });
});
