// AVPs read by name: the values of a message or a group, in the order in which they came. Values are decoded when asked for;
// one whose data is not of its type reads as absent (check-message tells a request's sender so before anybody reads it).
import { type Avp, hasVendorField, readAvps } from '../codec/avp.js';
import { FORMATS, type SimpleType } from '../codec/formats.js';
import { NESTING_MAX } from '../codec/limits.js';
import {
  avpByCode,
  avpByName,
  type AvpDefinition,
  type AvpName,
  type GroupName,
  type SimpleValue,
} from '../dictionary/dictionary.js';

/** Data of a type that is no group; undefined when it is not of the type. */
export const readValue = (definition: AvpDefinition, data: Buffer): unknown => {
  const format = FORMATS[definition.type as SimpleType];
  if (format.bytes !== undefined && data.length !== format.bytes) return undefined;
  return format.isValid(data) ? format.read(data) : undefined;
};

const isOf = ({ code, vendorId }: Avp, definition: AvpDefinition): boolean =>
  code === definition.code &&
  (vendorId === definition.vendorId || avpByCode(vendorId, code)?.name === definition.name);

export class Avps {
  constructor(readonly list: readonly Avp[]) {}

  has(name: AvpName): boolean {
    return this.raw(name) !== undefined;
  }

  /** The first one, as it is on the wire. */
  raw(name: AvpName): Avp | undefined {
    const definition = avpByName(name);
    for (const avp of this.list) if (avp.code === definition.code && isOf(avp, definition)) return avp;
    return undefined;
  }

  /** All of them, as they are on the wire. */
  rawAll(name: AvpName): readonly Avp[] {
    const definition = avpByName(name);
    return this.list.filter((avp) => isOf(avp, definition));
  }

  /** The first value. */
  get<N extends Exclude<AvpName, GroupName>>(name: N): SimpleValue<N> | undefined {
    const avp = this.raw(name);
    return avp && (readValue(avpByName(name), avp.data) as SimpleValue<N> | undefined);
  }

  /** Every value, in order. */
  all<N extends Exclude<AvpName, GroupName>>(name: N): readonly SimpleValue<N>[] {
    const definition = avpByName(name);
    return this.rawAll(name).flatMap(({ data }) => {
      const value = readValue(definition, data) as SimpleValue<N> | undefined;
      return value === undefined ? [] : [value];
    });
  }

  group(name: GroupName): Avps | undefined {
    const avp = this.raw(name);
    return avp && members(avp);
  }

  groups(name: GroupName): readonly Avps[] {
    return this.rawAll(name).flatMap((avp) => members(avp) ?? []);
  }
}

/** undefined: its data is no sequence of AVPs. */
export const members = (avp: Avp): Avps | undefined => {
  const { avps, fault } = readAvps(avp.data);
  return fault ? undefined : new Avps(avps);
};

/** A value that JSON has: 64-bit integers as text, octets as UTF-8 where they are that, else hexadecimal. */
export type Described = string | number | { [name: string]: Described | Described[] };

const isPrintable = (text: string): boolean => !/[\0-\x08\x0e-\x1f\x7f\ufffd]/.test(text);

const octets = (data: Buffer): string => {
  const text = data.toString('utf8');
  return isPrintable(text) ? text : data.toString('hex');
};

const describeOne = (avp: Avp, depth: number): Described => {
  const definition = avpByCode(avp.vendorId, avp.code);
  if (!definition) return octets(avp.data);
  if (definition.type === 'Grouped') {
    const group = depth < NESTING_MAX ? members(avp) : undefined;
    return group ? describe(group, depth + 1) : octets(avp.data);
  }
  const value = readValue(definition, avp.data);
  if (typeof value === 'number' || typeof value === 'string') return value;
  return typeof value === 'bigint' ? value.toString() : octets(avp.data);
};

/** By name, for records and logs: several values of one name become a list, in order; what no dictionary has is `code@vendor`. */
export const describe = ({ list }: Avps, depth = 0): Record<string, Described | Described[]> => {
  const found = new Map<string, Described | Described[]>();
  for (const avp of list) {
    const name = avpByCode(avp.vendorId, avp.code)?.name ?? `${avp.code}@${avp.vendorId}`;
    const value = describeOne(avp, depth);
    const before = found.get(name);
    if (before === undefined) found.set(name, value);
    else if (Array.isArray(before)) before.push(value);
    else found.set(name, [before, value]);
  }
  return Object.fromEntries(found);
};

export const sameAvp = (a: Avp, b: Avp): boolean =>
  a.code === b.code && a.vendorId === b.vendorId && a.flags === b.flags && hasVendorField(a) === hasVendorField(b) && a.data.equals(b.data); // prettier-ignore
