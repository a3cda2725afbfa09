// AVPs from JSON by their names, as clients of the HTTP API tell them (backend.md §5.2): lists are repeated AVPs, objects are groups, numbers
// and texts are written as the dictionary has them. What no dictionary has, or its type cannot hold, is left out and counted. Pure.
import { AVPS_MAX, avpByName, type AvpDefinition, avpsOf, type Body, CannotWriteError, isAvpName, NESTING_MAX } from '#libs/diameter'; // prettier-ignore

export type ReadAvps = Readonly<{
  body: Body;
  /** Names that were left out, some of them. */
  dropped: readonly string[];
}>;

const DROPPED_SHOWN = 20;
const WHOLE_64 = new Set(['Integer64', 'Unsigned64']);
const NUMBERS = new Set(['Integer32', 'Unsigned32', 'Enumerated', 'Time', 'Float32', 'Float64']);

type Reading = { left: number; dropped: string[] };

/** A value that can be written, or undefined. */
const simpleOf = ({ name, type }: AvpDefinition, value: unknown): unknown => {
  const held =
    typeof value === 'number' && Number.isSafeInteger(value)
      ? WHOLE_64.has(type)
        ? BigInt(value)
        : NUMBERS.has(type)
          ? value
          : undefined
      : typeof value === 'string' && !NUMBERS.has(type) && !WHOLE_64.has(type)
        ? type === 'OctetString'
          ? Buffer.from(value)
          : value
        : undefined;
  if (held === undefined) return undefined;
  try {
    return avpsOf({ [name]: held }).list.length === 1 ? held : undefined;
  } catch (error) {
    if (error instanceof CannotWriteError || error instanceof RangeError) return undefined;
    throw error;
  }
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const oneOf = (definition: AvpDefinition, value: unknown, depth: number, reading: Reading): unknown => {
  if (--reading.left < 0) return undefined;
  if (definition.type !== 'Grouped') return simpleOf(definition, value);
  return isObject(value) && depth < NESTING_MAX ? readGroup(value, depth + 1, reading) : undefined;
};

const readGroup = (given: Readonly<Record<string, unknown>>, depth: number, reading: Reading): Body => {
  const body: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const definition = isAvpName(name) ? avpByName(name) : undefined;
    const values = definition
      ? (Array.isArray(value) ? (value as unknown[]) : [value]).map((one) => oneOf(definition, one, depth, reading))
      : [undefined];
    const held = values.filter((one) => one !== undefined);
    if (held.length < values.length && reading.dropped.length < DROPPED_SHOWN) reading.dropped.push(name);
    if (held.length > 0) body[name] = held.length === 1 ? held[0] : held;
  }
  return body;
}; // prettier-ignore

export const readJsonAvps = (given: Readonly<Record<string, unknown>>): ReadAvps => {
  const reading: Reading = { left: AVPS_MAX / 2, dropped: [] };
  return { body: readGroup(given, 0, reading), dropped: reading.dropped };
};
