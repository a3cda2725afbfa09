// Where an event stood before it was copied, as text in its record, and where it stands now (docs/architecture.md §2). Pure.
// Written by the copy of a log; read by both adapters as they decode.
import type { Position } from '#libs/decider';
import type { RecordedEvent } from '../event-log.port.js';

const TEXT = /^(\d{1,10})\/(\d{1,10})\/(\d{1,16})$/;

export const positionText = ({ generation, partition, offset }: Position): string =>
  `${generation}/${partition}/${offset}`;

/** Undefined: the text is no position. */
export const positionOfText = (text: string): Position | undefined => {
  const [, generation, partition, offset] = TEXT.exec(text) ?? [];
  return offset === undefined
    ? undefined
    : { generation: Number(generation), partition: Number(partition), offset: Number(offset) };
};

/** Where to go on after an event: its place in this log, which its position is unless it was copied. */
export const placeInLog = ({ standsAt, position }: Pick<RecordedEvent, 'standsAt' | 'position'>): Position =>
  standsAt ?? position;
