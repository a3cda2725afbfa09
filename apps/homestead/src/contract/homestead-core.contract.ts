// What every core of Homestead answers alike, wherever its subscribers are: compiled into the tests of local mode and of HSS mode.
import type { HomesteadCore } from '../homestead-core.js';

/** alice@ims.test with sip:alice@ims.test, realm ims.test and HA1 aaa…; nobody else. */
export type CoreUnderTest = Readonly<{
  core: HomesteadCore;
  scscfUri: string;
  /** Lets time pass until it is answered. */
  settled<T>(asked: Promise<T>): Promise<T>;
}>;

const IMPI = 'alice@ims.test';
const IMPU = 'sip:alice@ims.test';
const STRANGER = 'sip:stranger@ims.test';
const notFound = { ok: false, failure: 'not-found' };

export const homesteadCoreContract = (open: () => Promise<CoreUnderTest>): void => {
  describe('as every core of Homestead it', () => {
    it('authenticates by digest, in both forms, and knows no strangers', async () => {
      const { core, settled } = await open();
      const value = { kind: 'digest', realm: 'ims.test', qop: 'auth', ha1Md5: 'a'.repeat(32) };
      expect(await settled(core.authVector(IMPI, IMPU))).toMatchObject({ ok: true, value });
      for (const scheme of ['any', 'digest'] as const)
        expect(await settled(core.authentication(IMPI, IMPU, { scheme }))).toMatchObject({ ok: true, value });
      expect(await settled(core.authVector('stranger@ims.test', STRANGER))).toEqual(notFound);
    });

    it('says where a user registers and is found', async () => {
      const { core, settled, scscfUri } = await open();
      const visit = { visitedNetwork: 'ims.test', authType: 'REG' } as const;
      expect(await settled(core.registrationStatus(IMPI, IMPU, visit))).toMatchObject({ ok: true });
      expect(await settled(core.registrationStatus('stranger@ims.test', STRANGER, visit))).toEqual(notFound);
      expect(await settled(core.location(STRANGER))).toEqual(notFound);
      await settled(core.regData(IMPU, { reqtype: 'reg', impi: IMPI }));
      const ours = { ok: true, value: { resultCode: 2001, scscf: scscfUri } };
      expect(await settled(core.location(IMPU))).toEqual(ours);
    });

    it('goes from call to registration to deregistration, and refuses a second one', async () => {
      const { core, settled } = await open();
      const ask = async (reqtype: 'reg' | 'call' | 'dereg-user', impi?: string) => {
        const asked = core.regData(IMPU, { reqtype, ...(impi === undefined ? {} : { impi }) });
        const answer = await settled(asked);
        return answer.ok ? [answer.value.previousState, answer.value.state] : answer.failure;
      };
      expect(await settled(core.cachedRegData(IMPU))).toEqual(notFound);
      expect(await ask('dereg-user', IMPI)).toBe('bad-request');
      expect(await ask('call')).toEqual(['NOT_REGISTERED', 'UNREGISTERED']);
      expect(await ask('call')).toEqual(['UNREGISTERED', 'UNREGISTERED']);
      expect(await ask('reg', IMPI)).toEqual(['UNREGISTERED', 'REGISTERED']);
      expect(await ask('reg', IMPI)).toEqual(['REGISTERED', 'REGISTERED']);
      expect(await settled(core.cachedRegData(IMPU))).toMatchObject({ value: { state: 'REGISTERED' } });
      expect(await ask('dereg-user', IMPI)).toEqual([undefined, 'NOT_REGISTERED']);
      expect(await ask('dereg-user', IMPI)).toBe('bad-request');
      expect(await settled(core.regData(STRANGER, { reqtype: 'call' }))).toEqual(notFound);
    });

    it('gives the same profile as the same string', async () => {
      const { core, settled } = await open();
      const xml = async () => {
        const answer = await settled(core.regData(IMPU, { reqtype: 'reg', impi: IMPI }));
        return answer.ok ? answer.value.imsSubscriptionXml : '';
      };
      await xml();
      const [first, second] = [await xml(), await xml()];
      expect(first).toMatch(/^<IMSSubscription>.*<Identity>sip:alice@ims\.test<\/Identity>.*<\/IMSSubscription>$/); // prettier-ignore
      expect(Object.is(first, second)).toBe(true);
    });
  });
};
