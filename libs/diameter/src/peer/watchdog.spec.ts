// RFC 3539 §3.4.1 through a peer on a fake clock: what each row of Appendix A does to traffic, and when.
import { type Scripted, nameOf, scriptedPeer } from '../testing/scripted-peer.fixture.js';
import { createWatchdog, WATCHDOG_ROWS } from './watchdog.js';

/** Twinit is 6 s, and 2 s either way of it. */
const TW_MAX = 8_000;

const open = (): Scripted => {
  const script = scriptedPeer();
  script.peer.start();
  script.connected();
  script.cea();
  return script;
};
const dwrs = ({ dialled }: Scripted): number =>
  dialled.at(-1)?.sent.filter((one) => nameOf(one) === '280R').length ?? 0;

describe('the watchdog', () => {
  it('asks when nothing was heard for Tw, and goes on as long as it is answered', () => {
    const script = open();
    for (let asked = 1; asked <= 5; asked++) {
      script.clock.advance(TW_MAX);
      expect(dwrs(script)).toBeGreaterThanOrEqual(asked);
      script.dwa(script.dialled);
      expect(script.peer.isTrusted).toBe(true);
    }
    expect(script.seen).toEqual(['up']);
  });

  it('does not ask while something is heard', () => {
    const script = open();
    for (let at = 0; at < 60; at++) {
      script.clock.advance(1_000);
      script.application(script.dialled);
    }
    expect(dwrs(script)).toBe(0);
  });

  it('holds a peer suspect after one interval without an answer, and asks no second time', () => {
    const script = open();
    script.clock.advance(TW_MAX);
    script.clock.advance(3_000);
    expect([script.peer.isTrusted, script.peer.status]).toEqual([true, 'OKAY']);
    script.clock.advance(TW_MAX - 3_000);
    expect([script.peer.isTrusted, script.peer.status, dwrs(script)]).toEqual([false, 'SUSPECT', 1]);
    expect(script.seen).toEqual(['up', 'failover']);
  });

  it('trusts it again when it is heard', () => {
    const script = open();
    script.clock.advance(2 * TW_MAX);
    script.dwa(script.dialled);
    expect([script.peer.isTrusted, script.seen]).toEqual([true, ['up', 'failover', 'up']]);
  });

  it('closes after a second interval, opens again, and trusts it after three answers', () => {
    const script = open();
    script.clock.advance(3 * TW_MAX);
    expect(script.dialled[0]?.isClosed).toBe(true);
    script.clock.advance(TW_MAX);
    expect(script.dialled.length).toBeGreaterThan(1);
    script.connected();
    script.cea();
    expect([script.peer.isOpen, script.peer.isTrusted, script.peer.isOnProbation]).toEqual([true, false, true]);
    for (const trusted of [false, false, true]) {
      script.dwa(script.dialled);
      expect(script.peer.isTrusted).toBe(trusted);
      script.clock.advance(TW_MAX);
    }
    expect(script.seen.at(-1)).toBe('up');
  });

  it('closes one on probation that does not answer', () => {
    const script = open();
    script.hangUp(script.dialled);
    script.clock.advance(TW_MAX);
    script.connected();
    script.cea();
    script.clock.advance(2 * TW_MAX);
    expect(script.dialled[1]?.isClosed).toBe(true);
    expect(script.peer.status).toBe('DOWN');
  });

  it('tries to open for ever, an interval apart', () => {
    const script = scriptedPeer();
    script.peer.start();
    for (let tries = 1; tries < 10; tries++) {
      script.refused();
      script.clock.advance(TW_MAX);
      expect(script.dialled.length).toBeGreaterThan(tries);
    }
  });

  it('leaves one alone that says so, for a minute', () => {
    const script = open();
    script.dpr(script.dialled, 2);
    script.hangUp(script.dialled);
    script.clock.advance(50_000);
    expect(script.dialled).toHaveLength(1);
    script.clock.advance(20_000);
    expect(script.dialled.length).toBeGreaterThan(1);
  });

  it('asks at once when somebody comes in the name of a peer that is open', () => {
    const script = open();
    script.comes();
    expect([dwrs(script), script.peer.state]).toEqual([1, 'I-Open']);
  });

  it('takes the new connection of a peer that has started anew', () => {
    const script = scriptedPeer();
    script.comes(1);
    script.comes(1);
    expect([script.accepted[0]?.isClosed, script.accepted[1]?.isClosed]).toEqual([false, true]);
    script.comes(2);
    expect([script.accepted[0]?.isClosed, script.accepted[2]?.isClosed, script.peer.state]).toEqual([true, false, 'R-Open']);
  });

  it('leaves no timer behind when it is stopped', () => {
    const script = open();
    script.peer.stop();
    script.dpa(script.dialled);
    expect([script.peer.state, script.clock.pending]).toEqual(['Closed', 0]);
  });

  it('has each row of Appendix A once', () => {
    expect(WATCHDOG_ROWS).toHaveLength(24);
    const watchdog = createWatchdog();
    expect(watchdog.step('Connection down')).toEqual([]);
    expect(watchdog.step('Connection up')).toEqual(['SetWatchdog']);
    expect(watchdog.step('Connection down')).toEqual(['CloseConnection', 'Failover', 'SetWatchdog']);
    expect(watchdog.step('Receive DWA')).toEqual(['Throwaway']);
  });
}); // prettier-ignore
