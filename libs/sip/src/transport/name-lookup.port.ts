// What locating a server asks of DNS (RFC 3263 §4). libs/dns is one that fits; the simulation and tests have their own.

export type SrvEntry = Readonly<{
  type: 'SRV';
  priority: number;
  weight: number;
  port: number;
  target: string;
}>;
export type NaptrEntry = Readonly<{
  type: 'NAPTR';
  order: number;
  preference: number;
  flags: string;
  services: string;
  regexp: string;
  replacement: string;
}>;
export type AddressEntry = Readonly<{ type: 'A' | 'AAAA'; address: string }>;
export type NameEntry = AddressEntry | SrvEntry | NaptrEntry;

/** `failed`: nobody could say, which is not the same as nothing being there. */
export type NameAnswer =
  | Readonly<{ kind: 'found'; records: readonly NameEntry[] }>
  | Readonly<{ kind: 'none' }>
  | Readonly<{ kind: 'failed' }>;

export type NameType = NameEntry['type'];

export interface NameLookup {
  /** A promise only when the network must be asked; it never rejects. */
  lookup(name: string, type: NameType): NameAnswer | Promise<NameAnswer>;
}
