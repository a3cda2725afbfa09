// Calls against their charging facts: a call that was answered has a START of the router's on each side that was served, one that ended no
// session open, at an edge neither. Which edges charge nobody tells, so no START of theirs is asked for. TS 32.260 §5.2.2. Used by reconcile.ts.
import { type CallEvent, type ChargingEvent, icidOfStream, isOfEdge } from '#libs/domain';

type Call = { roles: Set<0 | 1>; servers: boolean; isAnswered: boolean; isEnded: boolean; isInvite: boolean };
type Sessions = { started: Set<0 | 1>; open: Set<string> };

const roleOf = (stream: string): 0 | 1 => (stream.endsWith('/term') ? 1 : 0);

export class CallLedger {
  private readonly calls = new Map<string, Call>();
  private readonly sessions = new Map<string, Sessions>();

  get answered(): number {
    let count = 0;
    for (const { isAnswered, isInvite } of this.calls.values()) if (isAnswered && isInvite) count++;
    return count;
  }

  addCall(stream: string, event: CallEvent): void {
    const icid = icidOfStream(stream);
    const call = this.calls.get(icid) ?? {
      roles: new Set(),
      servers: false,
      isAnswered: false,
      isEnded: false,
      isInvite: false,
    };
    this.calls.set(icid, call);
    switch (event.type) {
      case 'OriginatingServed':
      case 'TerminatingServed':
        if (event.data.method !== 'INVITE') return;
        call.isInvite = true;
        return void call.roles.add(event.type === 'OriginatingServed' ? 0 : 1);
      case 'ServerInvoked':
        call.servers = true;
        return;
      case 'CallAnswered':
        if (event.data.status < 300) call.isAnswered = true;
        return;
      case 'CallEnded':
        call.isEnded = true;
        return;
      default:
        return;
    }
  }

  addCharging(stream: string, event: ChargingEvent): void {
    const icid = icidOfStream(stream);
    const known = this.sessions.get(icid) ?? { started: new Set(), open: new Set() };
    if (event.type === 'ChargingStarted') {
      if (!isOfEdge(stream)) known.started.add(roleOf(stream));
      known.open.add(stream);
    } else if (event.type === 'ChargingStopped' || event.type === 'ChargingSessionAbandoned')
      known.open.delete(stream);
    else return;
    this.sessions.set(icid, known);
  }

  /** Of calls by way of application servers one START is asked for: which side is charged is decided at their ends. */
  *missing(): Generator<Readonly<{ stream: string; what: string }>> {
    for (const [icid, { roles, servers, isAnswered, isEnded, isInvite }] of this.calls) {
      if (!isInvite || !isAnswered) continue;
      const { started, open } = this.sessions.get(icid) ?? { started: new Set(), open: new Set<string>() };
      const stream = `call-${icid}`;
      const without = servers ? (started.size === 0 ? ['either'] : []) : [...roles].filter((role) => !started.has(role)).map((role) => (role === 0 ? 'the originating' : 'the terminating'));
      for (const side of without) yield { stream, what: `the call was answered, and ${side} side has no START` };
      if (isEnded && open.size > 0) yield { stream, what: `the call ended, and ${[...open].join(', ')} has no STOP` };
    }
  } // prettier-ignore
}
