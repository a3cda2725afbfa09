// The other end of the control port: a program that is an application server by drachtio-srf, against this product or a drachtio
// server. It connects again by itself, and /healthz says whether it is attached. Used by apps/call-list and apps/twinning.
import { Socket } from 'node:net';
import type Srf from 'drachtio-srf';
import type { Health, Logger } from '#libs/runtime';
import type { DrachtioClientConfig } from '../drachtio-client.config.js';

/** Between tries to connect. */
const RETRY_MS_MAX = 5_000;
const CANCELLED = 487;
/** It was passed on to nobody. */
const NOBODY = 500;

/** An INVITE that came. */
export type Invite = Readonly<{ uri: string; get(name: string): string | undefined }>;

export type Passing = Readonly<{
  destinations: readonly string[];
  /** All at once; else one after the other, each for so long. */
  together: boolean;
  ringS?: number;
}>;

export type InviteAnswers = Readonly<{
  /** Resolves with the final status, whoever gave it. */
  pass: (passing: Passing) => Promise<number>;
  reject: (status: number) => void;
}>;

export type AttachOptions = Readonly<{
  /** What filter criteria name it by. */
  tag: string;
  server: DrachtioClientConfig;
  logger: Logger;
  /** One part for each host. */
  health: Pick<Health, 'part'>;
  /** Each new INVITE; it has to be passed or rejected. */
  invited: (invite: Invite, answers: InviteAnswers) => void;
}>;

export interface AttachedApplication {
  detach(): void;
}

type ProxyResults = Readonly<{ finalStatus?: number }> | undefined;

/** Says in health and log whether it is attached; tells that. */
const watch = (
  emitter: NodeJS.EventEmitter,
  host: string,
  { health, logger }: AttachOptions,
): (() => boolean) => {
  const part = health.part(`control port of ${host}`);
  let isAttached = false;
  let said = '';
  const notReady = (reason: string): void => {
    isAttached = false;
    part.notReady(reason);
    // It is tried again every few seconds: said once.
    if (said !== reason) logger.warn({ host }, reason);
    said = reason;
  };
  emitter.on('connect', (refused: Error | null) => {
    if (refused) return notReady('the control port wants another secret');
    isAttached = true;
    said = '';
    part.ready();
    logger.info({ host }, 'attached to the control port');
  });
  emitter.on('error', () => notReady('the control port does not answer'));
  // After each of the two above as well.
  emitter.on('close', () => isAttached && notReady('the control port is gone'));
  return () => isAttached;
};

/** drachtio-srf takes for granted that there is a connection: without one it is given one that never was, and tries no more. */
const detach = (srf: Srf, isAttached: boolean): void => {
  const disconnect: (socket?: Socket) => void = srf.disconnect.bind(srf);
  if (isAttached) disconnect();
  else disconnect(new Socket());
};

const answersTo = (srf: Srf, request: Srf.SrfRequest, response: Srf.SrfResponse): InviteAnswers => ({
  pass: ({ destinations, together, ringS }) =>
    new Promise((resolve) => {
      const forking = together ? 'simultaneous' : 'sequential';
      const options = { forking, ...(ringS === undefined ? {} : { finalTimeout: `${ringS}s` }) } as const;
      srf.proxyRequest(request, [...destinations], options, (fault: unknown, results: unknown) => {
        // Refused when it had an answer already: the caller gave up before it was passed.
        if (fault) resolve(CANCELLED);
        else resolve((results as ProxyResults)?.finalStatus ?? NOBODY);
      });
    }),
  reject: (status) => response.send(status),
});

/** drachtio-srf is loaded here, by those who attach: whoever serves the port does without. */
export const attachApplication = async (options: AttachOptions): Promise<AttachedApplication> => {
  const { tag, server, logger, invited } = options;
  const { drachtioHost: hosts, drachtioPort: port, drachtioSecret: secret } = server;
  const { default: Application } = await import('drachtio-srf');
  const attached = hosts.map((host) => {
    const srf = new Application(tag);
    const isAttached = watch(srf, host, options);
    srf.invite((request, response) => {
      try {
        invited(request, answersTo(srf, request, response));
      } catch (error) {
        logger.error({ err: error }, 'a call could not be judged');
        response.send(NOBODY);
      }
    });
    const reconnect = { retryMaxDelay: RETRY_MS_MAX };
    const where: Parameters<typeof srf.connect>[0] = Object.assign({ host, port, secret }, { reconnect });
    void srf.connect(where);
    return () => detach(srf, isAttached());
  });
  return { detach: () => attached.forEach((end) => end()) };
};
