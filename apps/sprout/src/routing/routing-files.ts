// The operator's ways out and numbers, from BGCF_FILE and ENUM_FILE: read at a start and again at SIGHUP.
// Made by sprout-node.ts; readers: way-out.ts and, for numbers, number-translator.ts.
import { type BgcfRoutes, type NumberBlocks, readBgcfRoutes, readNumberBlocks } from '#libs/domain';
import { type Logger, openOperatorFiles, type ReadResult } from '#libs/runtime';
import type { SproutConfig } from '../sprout.config.js';

export interface RoutingTables {
  readonly bgcf: BgcfRoutes | undefined;
}

export interface RoutingFiles extends RoutingTables {
  readonly blocks: NumberBlocks | undefined;
  close(): void;
}

type Read = Readonly<{ bgcf: BgcfRoutes | undefined; blocks: NumberBlocks | undefined }>;

const read = ([routes, numbers]: readonly (string | undefined)[]): ReadResult<Read> => {
  const bgcf = routes === undefined ? undefined : readBgcfRoutes(routes);
  if (bgcf?.ok === false) return { ok: false, reason: `BGCF_FILE: ${bgcf.reason}` };
  const blocks = numbers === undefined ? undefined : readNumberBlocks(numbers);
  if (blocks?.ok === false) return { ok: false, reason: `ENUM_FILE: ${blocks.reason}` };
  return { ok: true, value: { bgcf: bgcf?.value, blocks: blocks?.value } };
};

/** Rejects the start when a file that is named cannot be read. */
export const openRoutingFiles = (
  { bgcfFile, enumFile }: Pick<SproutConfig, 'bgcfFile' | 'enumFile'>,
  logger: Pick<Logger, 'info' | 'warn'>,
): RoutingFiles => {
  const opened = openOperatorFiles({
    what: 'routes and numbers of the operator',
    files: [bgcfFile, enumFile],
    read,
    logger,
  });
  return {
    get bgcf() {
      return opened.value.bgcf;
    },
    get blocks() {
      return opened.value.blocks;
    },
    close: () => opened.close(),
  };
};
