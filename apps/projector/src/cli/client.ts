// The projector's HTTP API, asked by its command line. Used by commands.ts.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { presentedKey, type ProcessConfig } from '#libs/runtime';
import type { ParkedView, ViewStatus } from '../projector.js';

/** What the projector answers is told to people as it is. */
export class Refused extends Error {}

const ANSWER_MS_MAX = 10_000;

export interface ProjectorClient {
  views(): Promise<readonly ViewStatus[]>;
  rebuild(view: string): Promise<void>;
  parked(): Promise<readonly ParkedView[]>;
  /** Resolves with how many of its events are parked still. */
  retry(id: string): Promise<number>;
}

/** Of the environment, or as the projector made it at its first start. */
export const apiKeyOf = ({
  apiKeys,
  dataDir,
}: Pick<ProcessConfig, 'apiKeys' | 'dataDir'>): string | undefined => {
  const given = presentedKey(apiKeys, 'projector');
  const file = path.join(dataDir, 'api-key');
  return given ?? (existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined);
};

export const connectProjector = (url: string, apiKey: string | undefined): ProjectorClient => {
  const ask = async <T>(method: 'GET' | 'POST', resource: string): Promise<T> => {
    const headers = apiKey === undefined ? {} : { 'x-api-key': apiKey };
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const response = await fetch(`${url}${resource}`, { method, headers, signal }).catch((error: unknown) => {
      throw new Refused(`no projector answers at ${url}: ${String((error as Error).cause ?? error)}`);
    });
    const text = await response.text();
    if (!response.ok) throw new Refused(reasonIn(text) ?? `${response.status} from ${url}${resource}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  };
  return {
    views: () => ask('GET', '/views'),
    rebuild: (view) => ask('POST', `/views/${encodeURIComponent(view)}/rebuild`),
    parked: () => ask('GET', '/parked'),
    retry: async (id) =>
      (await ask<{ left: number }>('POST', `/parked/${encodeURIComponent(id)}/retry`)).left,
  };
};

const reasonIn = (text: string): string | undefined => {
  try {
    const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const reason = body['reason'] ?? body['message'];
    return typeof reason === 'string' ? reason : undefined;
  } catch {
    return undefined;
  }
};
