// Where a scenario is played: a simulated world, its phones, and everything that is observed meanwhile, in order.
import { CALL_SPOOL_MS, type Subscription } from '#libs/event-log';
import type { SipMessage } from '#libs/sip';
import { createWorld, type World, type WorldOptions } from '../sim/world.js';
import { ApplicationServer } from './application-server.js';
import { Cast } from './cast.js';
import { eventLine, messageLines, rowLine } from './scenario-words.js';

const NAME_WIDTH = 8;
const REGISTRATION = 'registration-';

type Kind = 'sip' | 'log';
type Seen = Readonly<{ atMs: number; kind: Kind; lines: readonly string[] }>;

/** Within one instant messages are told first, then events: what came first of the two is not to be seen from outside. */
const ORDER: Readonly<Record<Kind, number>> = { sip: 0, log: 1 };

export class Stage {
  readonly cast = new Map<string, Cast>();
  readonly servers = new Map<string, ApplicationServer>();
  /** Headers that are written down. */
  shown: readonly string[] = [];
  /** Families of events that are written down. */
  families: ReadonlySet<string> = new Set(['registration']);
  #seen: Seen[] = [];
  #touched = new Set<string>();
  #traffic = 0;
  #feed: Subscription | undefined;

  private constructor(readonly world: World) {}

  static async open(options: WorldOptions): Promise<Stage> {
    const stage = new Stage(await createWorld(options));
    stage.#feed = await stage.world.log.subscribe({
      topics: ['registration', 'calls', 'charging'],
      group: 'scenario',
      startAt: 'newest',
      onBatch: (events) => {
        for (const event of events) {
          stage.#traffic++;
          if (event.stream.startsWith(REGISTRATION))
            stage.#touched.add(event.stream.slice(REGISTRATION.length));
          if (stage.families.has(event.topic)) stage.#see('log', 'log', [eventLine(event)]);
        }
      },
    });
    return stage;
  }

  async addPhone(
    name: string,
    user: string,
    options: Parameters<World['phone']>[1],
    node: number,
  ): Promise<void> {
    const cast = new Cast(await this.world.phone(user, options, node));
    cast.phone.onTraffic = (direction, message) => this.#heard(name, direction, message);
    this.cast.set(name, cast);
  }

  async addServer(name: string, address: string): Promise<void> {
    const { clock, random, hub } = this.world;
    const onRequest = (request: SipMessage): void => {
      this.#traffic++;
      this.#see('sip', name, messageLines(request, this.shown), '<- ');
    };
    this.servers.set(name, await ApplicationServer.start({ address, clock, random, hub, onRequest }));
  }

  named(name: string): Cast {
    const cast = this.cast.get(name);
    if (cast === undefined) throw new Error(`nobody is called ${name}`);
    return cast;
  }

  /** Lets everything come to rest without time passing. */
  async rest(): Promise<void> {
    for (let before = -1; before !== this.#traffic;) {
      before = this.#traffic;
      await this.world.settle();
    }
  }

  /** What was observed since the last call, as lines; `sinceMs`: when that was. */
  async report(sinceMs: number): Promise<readonly string[]> {
    await this.rest();
    const nowMs = this.world.clock.nowMs();
    // Facts about calls are gathered for a moment before they are written.
    await this.world.advance(CALL_SPOOL_MS);
    await this.rest();
    const seen = this.#seen.sort((a, b) => a.atMs - b.atMs || ORDER[a.kind] - ORDER[b.kind]);
    const lines = seen.flatMap(({ atMs, lines: text }) =>
      nowMs === sinceMs
        ? text
        : text.map((line, n) => `${n === 0 ? after(atMs - sinceMs) : after()} ${line}`),
    );
    const rows: string[] = [];
    for (const aor of this.#touched)
      rows.push(`${'row'.padEnd(NAME_WIDTH)} ${rowLine(aor, await this.world.row(aor), nowMs)}`);
    const indent = nowMs === sinceMs ? '' : `${after()} `;
    this.#seen = [];
    this.#touched.clear();
    return [...lines, ...rows.map((row) => indent + row)];
  }

  async close(): Promise<void> {
    await this.#feed?.stop();
    for (const server of this.servers.values()) await server.close();
    await this.world.close();
  }

  #heard(name: string, direction: 'in' | 'out', message: SipMessage): void {
    this.#traffic++;
    if (direction === 'in' && message.status !== 100)
      this.#see('sip', name, messageLines(message, this.shown), '<- ');
  }

  #see(kind: Kind, name: string, lines: readonly string[], arrow = ''): void {
    const indent = ' '.repeat(NAME_WIDTH + 1 + arrow.length + 2);
    const [first = '', ...more] = lines;
    this.#seen.push({
      atMs: this.world.clock.nowMs(),
      kind,
      lines: [`${name.padEnd(NAME_WIDTH)} ${arrow}${first}`, ...more.map((line) => indent + line)],
    });
  }
}

/** `+1.5s`, or as much space. */
const after = (ms?: number): string =>
  ms === undefined ? ' '.repeat(8) : `+${(ms / 1000).toFixed(1)}s`.padStart(8);
