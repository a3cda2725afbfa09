// A running timer as a row of the snapshot: places instead of names, a third of its JSON. A million of them have to be written while a process
// stops. A row of before begins with `{`. Used by timers-due.store.ts.
import type { Position } from '#libs/decider';
import type { RunningTimer, TimerTag } from '#libs/domain';

type PackedPosition = readonly [generation: number, partition: number, offset: number];

type PackedTimer = readonly [
  startMs: number,
  intervalS: number,
  repeatForS: number,
  uri: string,
  opaque: string,
  /** Types and counts in turn; 0: none. */
  tags: readonly (string | number)[] | 0,
  replicationFactor: number,
  setAt: PackedPosition,
  /** 0: that of setAt. */
  at: PackedPosition | 0,
  sequence: number,
  /** After startMs. */
  fullAfterMs: number,
];

const packPosition = ({ generation, partition, offset }: Position): PackedPosition => [
  generation,
  partition,
  offset,
];

const unpackPosition = ([generation, partition, offset]: PackedPosition): Position => ({
  generation,
  partition,
  offset,
});

const isSame = (a: Position, b: Position): boolean =>
  a.offset === b.offset && a.partition === b.partition && a.generation === b.generation;

export const packTimer = (timer: RunningTimer): string => {
  const { startMs, intervalS, repeatForS, uri, opaque, tags, replicationFactor, setAt, at, sequence, fullAtMs } = timer; // prettier-ignore
  const packed: PackedTimer = [
    startMs,
    intervalS,
    repeatForS,
    uri,
    opaque,
    tags.length === 0 ? 0 : tags.flatMap(({ type, count }) => [type, count]),
    replicationFactor,
    packPosition(setAt),
    isSame(setAt, at) ? 0 : packPosition(at),
    sequence,
    fullAtMs - startMs,
  ];
  return JSON.stringify(packed);
};

const unpackTags = (packed: readonly (string | number)[] | 0): TimerTag[] => {
  const tags: TimerTag[] = [];
  if (packed === 0) return tags;
  for (let n = 0; n < packed.length; n += 2)
    tags.push({ type: String(packed[n]), count: Number(packed[n + 1]) });
  return tags;
};

export const unpackTimer = (text: string): RunningTimer => {
  if (text.startsWith('{')) return JSON.parse(text) as RunningTimer;
  const [startMs, intervalS, repeatForS, uri, opaque, tags, replicationFactor, set, at, sequence, fullAfterMs] =
    JSON.parse(text) as PackedTimer; // prettier-ignore
  const setAt = unpackPosition(set);
  return {
    startMs,
    intervalS,
    repeatForS,
    uri,
    opaque,
    tags: unpackTags(tags),
    replicationFactor,
    setAt,
    at: at === 0 ? setAt : unpackPosition(at),
    sequence,
    fullAtMs: startMs + fullAfterMs,
  };
};
