// Dictionaries put together: AVPs by name and by (vendor, code), commands by code and application, and the types that come of
// the rows, so that a name that no dictionary has does not compile. RFC 6733 §4.5, TS 29.229 §6.3, TS 32.299 §7.
import { type AvpType, FORMATS, type Values } from '../codec/formats.js';
import { type CommandGrammar, type Grammar, readCommand, readGrammar } from './grammar.js';
import {
  ACCOUNTING_APPLICATION,
  ACCOUNTING_COMMANDS,
  BASE_APPLICATION,
  BASE_AVPS,
  PEER_COMMANDS,
} from './base-protocol.dictionary.js';
import { CX_APPLICATION, CX_AVPS, CX_COMMANDS, DIGEST_AVPS, VENDOR_3GPP } from './cx.dictionary.js';
import { RF_AVPS } from './rf.dictionary.js';
import type { AvpRows } from './rows.js';

type Rows = typeof BASE_AVPS & typeof CX_AVPS & typeof DIGEST_AVPS & typeof RF_AVPS;
export type AvpName = keyof Rows;
type TypeOf<N extends AvpName> = Rows[N][1];

/** What is read and written for an AVP that is no group. */
export type SimpleValue<N extends AvpName> = TypeOf<N> extends keyof Values ? Values[TypeOf<N>] : never;
export type GroupName = { [N in AvpName]: TypeOf<N> extends 'Grouped' ? N : never }[AvpName];

export type AvpDefinition = Readonly<{
  name: AvpName;
  code: number;
  vendorId: number;
  type: AvpType;
  mandatory: boolean;
  /** Of a group. */
  grammar?: Grammar;
  /** Of a closed enumeration. */
  values?: ReadonlySet<number>;
}>;

const defined = (vendorId: number, rows: AvpRows): AvpDefinition[] =>
  Object.entries(rows).map(([name, [code, type, must, detail]]) => ({
    name: name as AvpName,
    code,
    vendorId,
    type,
    mandatory: must === 'M',
    ...(type === 'Grouped' ? { grammar: readGrammar(String(detail)) } : {}),
    ...(Array.isArray(detail) ? { values: new Set<number>(detail as readonly number[]) } : {}),
  }));

const DEFINITIONS: readonly AvpDefinition[] = [
  ...defined(0, BASE_AVPS),
  ...defined(0, DIGEST_AVPS),
  ...defined(VENDOR_3GPP, CX_AVPS),
  ...defined(VENDOR_3GPP, RF_AVPS),
];

const BY_NAME = new Map(DEFINITIONS.map((definition) => [definition.name, definition]));

/** Vendor, then code. OpenIMSCore and others write the digest AVPs as the vendor's: both are read. */
const BY_CODE = new Map<number, Map<number, AvpDefinition>>();
for (const definition of [...DEFINITIONS, ...defined(VENDOR_3GPP, DIGEST_AVPS)]) {
  const codes = BY_CODE.get(definition.vendorId) ?? new Map<number, AvpDefinition>();
  BY_CODE.set(definition.vendorId, codes.set(definition.code, definition));
}

export const isAvpName = (name: string): name is AvpName => BY_NAME.has(name as AvpName);

export const avpByName = (name: AvpName): AvpDefinition => {
  const definition = BY_NAME.get(name);
  if (!definition) throw new RangeError(`no dictionary has ${name}`);
  return definition;
};

export const avpByCode = (vendorId: number, code: number): AvpDefinition | undefined =>
  BY_CODE.get(vendorId)?.get(code);

/** The shortest data of its type: what stands, in zeros, for one that is missing or has a wrong length (RFC 6733 §7.1.5). */
export const leastBytes = ({ type }: AvpDefinition): number => (type === 'Grouped' ? 0 : FORMATS[type].least);

/** Every definition: for pages, and for tests. */
export const allAvps = (): readonly AvpDefinition[] => DEFINITIONS;

export type CommandShort =
  | 'CER' | 'CEA' | 'DWR' | 'DWA' | 'DPR' | 'DPA' | 'ACR' | 'ACA'
  | 'UAR' | 'UAA' | 'SAR' | 'SAA' | 'LIR' | 'LIA' | 'MAR' | 'MAA' | 'RTR' | 'RTA' | 'PPR' | 'PPA'; // prettier-ignore
export type RequestShort = Extract<CommandShort, `${string}R`>;

const COMMANDS: readonly CommandGrammar[] = [
  ...PEER_COMMANDS.map((text) => readCommand(text, BASE_APPLICATION)),
  ...ACCOUNTING_COMMANDS.map((text) => readCommand(text, ACCOUNTING_APPLICATION)),
  ...CX_COMMANDS.map((text) => readCommand(text, CX_APPLICATION)),
];

const BY_SHORT = new Map(COMMANDS.map((command) => [command.short as CommandShort, command]));

export const commandByShort = (short: CommandShort): CommandGrammar => {
  const command = BY_SHORT.get(short);
  if (!command) throw new RangeError(`no dictionary has ${short}`);
  return command;
};

const requestsOf = (applicationId: number): ReadonlyMap<number, CommandGrammar> =>
  new Map(
    COMMANDS.filter((one) => one.applicationId === applicationId && one.isRequest).map((one) => [
      one.code,
      one,
    ]),
  );
const REQUESTS: ReadonlyMap<number, ReadonlyMap<number, CommandGrammar>> = new Map(
  [BASE_APPLICATION, ACCOUNTING_APPLICATION, CX_APPLICATION].map((id) => [id, requestsOf(id)]),
);

/** Of a request; undefined: no such command in that application. */
export const requestGrammar = (applicationId: number, code: number): CommandGrammar | undefined =>
  REQUESTS.get(applicationId)?.get(code);

/** A name for logs and records: `UAR`, `UAA`, or the number. */
export const commandName = (applicationId: number, code: number, isRequest: boolean): string =>
  COMMANDS.find(
    (one) => one.applicationId === applicationId && one.code === code && one.isRequest === isRequest,
  )?.short ?? String(code);

export type Application = Readonly<{ id: number; name: string; vendorId: number; kind: 'auth' | 'acct' }>;

export const APPLICATIONS = {
  accounting: { id: ACCOUNTING_APPLICATION, name: 'Rf', vendorId: 0, kind: 'acct' },
  cx: { id: CX_APPLICATION, name: 'Cx', vendorId: VENDOR_3GPP, kind: 'auth' },
} as const satisfies Readonly<Record<string, Application>>;
