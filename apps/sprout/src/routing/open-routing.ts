// What the router asks for ways out of the domain: the operator's files, and DNS for numbers, which wins over the file
// (docs/clearwater/sip.md §11). Made by sprout-node.ts.
import type { Logger } from '#libs/runtime';
import type { NameLookup } from '#libs/sip';
import type { SproutPorts } from '../ports.js';
import type { SproutConfig } from '../sprout.config.js';
import { createDnsTranslator, createFileTranslator } from './number-translator.js';
import { openRoutingFiles } from './routing-files.js';

export type RoutingOptions = Readonly<{
  config: SproutConfig;
  logger: Pick<Logger, 'info' | 'warn'>;
  /** Servers that know the URIs of numbers, where there are any. */
  enumDns?: NameLookup;
}>;

export interface Routing {
  readonly ports: Pick<SproutPorts, 'routingTables' | 'translator'>;
  close(): void;
}

/** Rejects the start when a file that is named cannot be read. */
export const openRouting = ({ config, logger, enumDns }: RoutingOptions): Routing => {
  const files = openRoutingFiles(config, logger);
  const translator =
    enumDns !== undefined
      ? createDnsTranslator(enumDns, config.enumSuffix)
      : config.enumFile === ''
        ? undefined
        : createFileTranslator(() => files.blocks);
  return {
    ports: { routingTables: files, ...(translator === undefined ? {} : { translator }) },
    close: () => files.close(),
  };
};
