// Who attacks the simulated core: sends any bytes from an address of its own, keeps all that comes back, and shares nothing
// with the phones but the network. Used by the specs in this folder.
import { type Phone, type RequestParts, requestText } from '#libs/phone';
import { createTransports, type NodeTransports, parseMessage, type SipMessage, type Target } from '#libs/sip';
import { silentLogger } from '#libs/runtime';
import { CLIENT_PORT } from '../core.js';
import { WORLD_DOMAIN, type World } from '../world.js';

/** Longer than any answer takes that does not wait for a timer. */
const ANSWER_MS = 300;

export class Attacker {
  /** Everything that it heard, in order. */
  readonly heard: string[] = [];

  private constructor(
    private readonly world: World,
    readonly address: string,
    private readonly transport: 'udp' | 'tcp',
    private readonly transports: NodeTransports,
  ) {}

  /** Somewhere outside of the trusted zone, unless `address` says otherwise. */
  static async at(world: World, address = '10.66.0.1', transport: 'udp' | 'tcp' = 'udp'): Promise<Attacker> {
    const transports = createTransports({
      listeners: [{ name: 'attacker', transport, address, port: 5060, memoryOnly: true }],
      clock: world.clock,
      log: silentLogger,
      hub: world.hub,
    });
    await transports.listen();
    const attacker = new Attacker(world, address, transport, transports);
    transports.setReceiver({
      message: (raw) => void attacker.heard.push(raw),
      flowClosed: () => undefined,
      sendFailed: () => undefined,
    });
    return attacker;
  }

  /** Sends these bytes to a port of a node, and waits for what comes of them; the status codes that came back. */
  async send(text: string, port = CLIENT_PORT, node = 0): Promise<readonly number[]> {
    const before = this.heard.length;
    this.transports.flowTo(this.#target(port, node), 'attacker')?.send(text);
    await this.world.advance(ANSWER_MS);
    return this.heard.slice(before).flatMap((raw) => finalStatus(raw));
  }

  /** The same for a request made of parts; `sentBy` is what its Via says. */
  ask(parts: Partial<RequestParts>, options: AskOptions = {}): Promise<readonly number[]> {
    return this.send(this.text(parts, options.sentBy), options.port, options.node);
  }

  text(
    parts: Partial<RequestParts>,
    sentBy = `${this.transport.toUpperCase()} ${this.address}:5060`,
  ): string {
    const { random } = this.world;
    const { method = 'OPTIONS', uri = `sip:bob@${WORLD_DOMAIN}` } = parts;
    const usual: RequestParts = {
      method,
      uri,
      branch: `z9hG4bK${random.token(12)}`,
      from: `<sip:mallory@${WORLD_DOMAIN}>;tag=${random.token(6)}`,
      to: `<${uri}>`,
      callId: random.token(12),
      cseq: 1,
      contact: `<sip:mallory@${this.address}:5060>`,
      headers: '',
      body: '',
    };
    return requestText({ ...usual, ...parts }, sentBy);
  }

  close(): Promise<void> {
    return this.transports.close();
  }

  #target(port: number, node: number): Target {
    return { transport: this.transport, address: this.world.nodes[node]!.address, port };
  }
}

export type AskOptions = Readonly<{ sentBy?: string; port?: number; node?: number }>;

const finalStatus = (raw: string): number[] => {
  const status = Number(/^SIP\/2\.0 (\d{3}) /.exec(raw)?.[1] ?? 0);
  return status >= 200 ? [status] : [];
};

export const statusOf = (answer: SipMessage | 'timeout'): number =>
  answer === 'timeout' ? 0 : answer.status;

/** A phone whose user is registered. */
export const registeredPhone = async (world: World, ...asked: Parameters<World['phone']>): Promise<Phone> => {
  const phone = await world.phone(...asked);
  const status = statusOf(await world.until(phone.register()));
  if (status !== 200) throw new Error(`${asked[0]} was not registered: ${status}`);
  return phone;
};

/** What the core knows of a registration, as text: to be the same after an attack. */
export const rowText = async (world: World, user: string): Promise<string> =>
  JSON.stringify(await world.row(`sip:${user}@${WORLD_DOMAIN}`));

export const parsed = (raw: string): SipMessage => {
  const result = parseMessage(raw);
  if (!result.ok) throw new Error(result.reason);
  return result.message;
};
