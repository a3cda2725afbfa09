// Variables that several programs take in the same words and limits, and must read alike: as decorators of their configuration classes'
// properties. Used by bono.config.ts and sprout.config.ts.
import { ArrayMaxSize, IsInt, Matches, Max, Min } from 'class-validator';
import { Env } from './config.js';

type Decorate = (prototype: object, property: string) => void;

const PORT = { message: 'takes a port, 0 to 65535' };
const LIFETIME = { message: 'takes seconds, 1 to 86400' };
const EMERGENCY_NUMBERS_MAX = 50;
const EMERGENCY_NUMBERS_WORDS = `takes at most ${EMERGENCY_NUMBERS_MAX} numbers as they are dialled`;

/** As if they stood there one below the other. */
const together =
  (...decorators: readonly Decorate[]): Decorate =>
  (prototype, property) => {
    for (const decorate of decorators.toReversed()) decorate(prototype, property);
  };

/** A port to listen on, or another program's; 0: any. */
export const PortVariable = (name: string, text: string): Decorate =>
  together(Env(name, text), IsInt(PORT), Min(0, PORT), Max(65_535, PORT));

export const SipConnectionLifetime = (): Decorate =>
  together(
    Env(
      'SIP_CONNECTION_LIFETIME_S',
      'how long a connection that this program has made is used for what is new, give or take a fifth; in seconds',
    ),
    IsInt(LIFETIME),
    Min(1, LIFETIME),
    Max(86_400, LIFETIME),
  );

/** What EMERGENCY_NUMBERS is by default. */
export const EMERGENCY_NUMBERS: readonly string[] = ['112', '911'];

export const EmergencyNumbers = (): Decorate =>
  together(
    Env('EMERGENCY_NUMBERS', 'numbers whose calls are emergency calls, as urn:service:sos is', {
      kind: 'list',
    }),
    ArrayMaxSize(EMERGENCY_NUMBERS_MAX, { message: EMERGENCY_NUMBERS_WORDS }),
    Matches(/^\+?[0-9*#]{2,15}$/, { each: true, message: EMERGENCY_NUMBERS_WORDS }),
  );
