// What a test phone is told: who and where it is, and how it registers. Read by phone.ts and by who uses it.
import type { AkaVersion, Usim } from '#libs/aka';
import type { Clock, Random } from '#libs/runtime';
import type { MemoryHub, SipMessage } from '#libs/sip';
import type { RequestParts } from './phone-messages.js';

export type PhoneOptions = Readonly<{
  user: string;
  domain: string;
  password: string;
  server: Readonly<{ address: string; port: number }>;
  transport: 'udp' | 'tcp';
  address: string;
  port?: number;
  clock: Clock;
  random: Random;
  /** Simulated network instead of sockets. */
  hub?: MemoryHub;
  /** `+sip.instance` of the device, a URN. */
  instance?: string;
  /** Answers in the password's place; `version` is what it wishes for. */
  sim?: Readonly<{ usim: Usim; version?: AkaVersion }>;
}>;

export type Reply = (status: number, headers?: string, body?: string) => void;

/** One client transaction: everything that came back, and the final answer. */
export interface Exchange {
  readonly request: RequestParts;
  readonly responses: readonly SipMessage[];
  /** The first final response; 408 is made here when none came in 32 s. */
  readonly final: Promise<SipMessage | 'timeout'>;
  cancel(): void;
}

/**
 * How a REGISTER proves itself: by answering the challenge that it gets, not at all, with the challenge that the phone has,
 * or as phones usually do: with that, else (or when that is stale) by answering the one that it gets; or with what it said last, as
 * somebody would who overheard it.
 */
export type Proof = 'challenge' | 'none' | 'reuse' | 'usual' | 'replay';

export type RegisterOptions = Readonly<{
  /** 'none': no Expires header. */
  expiresS?: number | 'none';
  /** '' asks for the bindings. */
  contact?: string;
  callId?: string;
  /** Request-URI; default: the phone's domain. */
  uri?: string;
  /** Of the first request; the next one has one more. Default: one more than the last. */
  cseq?: number;
  headers?: string;
  proof?: Proof;
  /** With 'reuse': another nonce count than the next. */
  nc?: number;
  parts?: Partial<RequestParts>;
}>;
