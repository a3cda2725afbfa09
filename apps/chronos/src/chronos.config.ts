// Chronos' variables, beside those that every app shares (libs/runtime ProcessConfig).
// Read by main.ts here and by apps/clearwater.
import { ArrayMaxSize, IsInt, Matches, Max, Min, Validate, ValidatorConstraint } from 'class-validator';
import { Env, peerFault } from '#libs/runtime';

const PORT = { message: 'takes a port, 0 to 65535' };
const TIMEOUT = { message: 'takes milliseconds, 50 to 60000' };
const TRIES = { message: 'takes a number, 1 to 100' };
const CONNECTIONS = { message: 'takes a number, 1 to 1024' };
const TIMERS = { message: 'takes a number, 1 to 16000000' };

@ValidatorConstraint({ name: 'networks' })
class Networks {
  validate(value: unknown): boolean {
    return (
      Array.isArray(value) &&
      value.every((entry) => typeof entry === 'string' && peerFault(entry) === undefined)
    );
  }
  defaultMessage(): string {
    return 'takes IP addresses and networks (10.0.0.0/8), comma-separated';
  }
}

export class ChronosConfig {
  @Env('CHRONOS_PORT', 'TCP port of the HTTP API of Chronos: timers')
  @IsInt(PORT)
  @Min(0, PORT)
  @Max(65535, PORT)
  chronosPort = 7253;

  @Env(
    'CHRONOS_CALLBACK_HOSTS',
    'addresses and networks that timers may call back, beside this machine and TRUSTED_PEERS; what a name resolves to counts',
    { kind: 'list' },
  )
  @Validate(Networks)
  chronosCallbackHosts: string[] = [];

  @Env(
    'CHRONOS_CALLBACK_KEYS',
    'API keys that callbacks present, host:port=key or, for any port of the host, host=key; comma-separated: to what the URI names so and to no other',
    { kind: 'list', secret: true },
  )
  @ArrayMaxSize(64, { message: 'takes at most 64 keys' })
  @Matches(/^[A-Za-z0-9.[\]:-]{1,253}=[\x21-\x7e]{16,256}$/, {
    each: true,
    message: 'takes host:port=key or host=key, comma-separated; a key has 16 to 256 characters',
  })
  chronosCallbackKeys: string[] = [];

  @Env('CHRONOS_CALLBACK_TIMEOUT_MS', 'how long a callback may take, ms')
  @IsInt(TIMEOUT)
  @Min(50, TIMEOUT)
  @Max(60_000, TIMEOUT)
  chronosCallbackTimeoutMs = 3_000;

  @Env('CHRONOS_CALLBACK_TRIES', 'tries of a callback, with growing pauses; then it is a dead letter')
  @IsInt(TRIES)
  @Min(1, TRIES)
  @Max(100, TRIES)
  chronosCallbackTries = 8;

  @Env('CHRONOS_CALLBACK_CONNECTIONS', 'callbacks under way to one host at the same time')
  @IsInt(CONNECTIONS)
  @Min(1, CONNECTIONS)
  @Max(1024, CONNECTIONS)
  chronosCallbackConnections = 50;

  @Env('CHRONOS_TIMERS_MAX', 'timers at the same time; more are refused with 503')
  @IsInt(TIMERS)
  @Min(1, TIMERS)
  @Max(16_000_000, TIMERS)
  chronosTimersMax = 2_000_000;

  @Env(
    'CHRONOS_SPROUT_URL',
    'routers (http://sprout:9888) that are told when bindings lapse, where they do not see to it themselves (BINDING_EXPIRY=chronos)',
  )
  @Matches(/^(http:\/\/[A-Za-z0-9.[\]:-]{1,253})?$/, { message: 'takes an http: URL without a path' })
  chronosSproutUrl = '';
}
