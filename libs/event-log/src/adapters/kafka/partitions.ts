// Where a stream lives: its topic's name on the broker, and its partition, which we choose (docs/architecture.md §2). Pure.
// Written and read by everything in this folder.
import { crc32 } from 'node:zlib';
import type { Topic } from '../../event-log.port.js';

/** The topics of one generation: another generation is other topics, so positions of two are never mixed up. */
export const topicName = (prefix: string, generation: number, topic: Topic): string =>
  `${prefix}.${generation}.${topic}`;

/**
 * By what stands after the first `-`, so that all streams about one session or subscriber share a partition number over topics.
 * Part of the format: the same for ever within a generation.
 */
export const partitionOf = (stream: string, partitions: number): number =>
  crc32(stream.slice(stream.indexOf('-') + 1)) % partitions;

/** One partition of one topic, as a key. */
export type Place = `${Topic}/${number}`;
export const placeOf = (topic: Topic, partition: number): Place => `${topic}/${partition}`;

export const partsOf = (place: string): Readonly<{ topic: Topic; partition: number }> => {
  const at = place.lastIndexOf('/');
  return { topic: place.slice(0, at) as Topic, partition: Number(place.slice(at + 1)) };
};

export const placesOf = (topics: readonly Topic[], partitions: number): Place[] =>
  topics.flatMap((topic) => Array.from({ length: partitions }, (_, partition) => placeOf(topic, partition)));
