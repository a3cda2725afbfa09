// Which numbers have a second device. Read by main.ts.
import { IsInt, Max, Min, Validate, ValidatorConstraint, type ValidationArguments } from 'class-validator';
import { Env } from '#libs/runtime';
import { parseTwins } from './twinning.js';

@ValidatorConstraint({ name: 'twins' })
class Pairs {
  validate(value: unknown): boolean {
    return Array.isArray(value) && typeof parseTwins(value as string[]) !== 'string';
  }
  defaultMessage({ value }: ValidationArguments): string {
    const fault = Array.isArray(value) ? parseTwins(value as string[]) : '';
    return `takes pairs, <number>=<SIP URI of its second device>, comma-separated: ${typeof fault === 'string' ? fault : ''}`;
  }
}

const RING = { message: 'takes whole seconds, 1 to 120' };

export class TwinningConfig {
  @Env(
    'TWINS',
    'numbers with a second device: sip:bob@ims.test=sip:bob-mobile@ims.test, comma-separated; the device is another identity, whose phone registers as itself',
    { kind: 'list' },
  )
  @Validate(Pairs)
  twins: string[] = [];

  @Env('TWIN_RING_S', 'how long the preferred device rings before the other one does, s')
  @IsInt(RING)
  @Min(1, RING)
  @Max(120, RING)
  twinRingS = 20;
}
