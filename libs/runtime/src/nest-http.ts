// startHttp's work: Nest on Fastify, with what every API of ours has: TLS, /ping, JSON errors, API keys, allow-list, bounds,
// OpenAPI at /docs and /docs/json. Nest is used here, in modules and controllers, and nowhere else.
// Loaded by http.ts when the first API starts.
import 'reflect-metadata';
import type { IncomingMessage, RequestListener, Server } from 'node:http';
import type { Server as SecureServer } from 'node:https';
import { BadRequestException, type LoggerService, ValidationPipe } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import type { ValidationError } from 'class-validator';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { inFrontOf } from './direct/direct-routes.js';
import { errorBody } from './error-body.js';
import { httpDrainPart } from './drain/http-drain.js';
import { HTTP_BODY_BYTES_MAX, type HttpOptions, type HttpServer } from './http-server.port.js';
import { defectBody, JsonErrors } from './http-errors.js';
import type { Logger } from './logger.js';

/** Identities in paths are percent-encoded URIs. */
const PATH_PARAMETER_CHARACTERS_MAX = 1024;
const CONNECTIONS_MAX = 4096;
/** From its first byte, or from the connection on, until a request is read: on a process that has more to do than it can, that is not the client's fault. */
const REQUEST_MS_MAX = 30_000;
/** Node takes the longer of its two limits for the body: both are given, and looked at often enough to mean something. */
const TIME_LIMITS = { headersTimeout: REQUEST_MS_MAX, connectionsCheckingInterval: 5_000 };
/** A TLS handshake that takes longer is given up; those under way count as connections. */
const HANDSHAKE_MS_MAX = 10_000;
/** RFC 6797 §6.1.1: a year without plain HTTP. Browsers keep it by name, whatever the port. */
const HSTS = 'max-age=31536000';
/** Longer than the period after which our own clients change connections (libs/http-pool). */
const KEEP_ALIVE_MS = 75_000;
/** Beyond what clients are told: one that is late itself must not find the connection closed under its next request. */
const KEEP_ALIVE_GRACE_MS = 15_000;

const isFree = (url: string, docsPath: string): boolean => {
  if (!url.startsWith('/ping') && !url.startsWith(docsPath)) return false;
  const path = url.split('?', 1)[0] ?? url;
  return path === '/ping' || path === docsPath || path.startsWith(`${docsPath}/`);
};

const headerOf = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
};

/** Why a request is not let in. */
type Refusal = Readonly<{ status: 401 | 403; reason: string }>;

const refusalOf = (
  { apiKeys, role, peers }: HttpOptions,
  docsPath: string,
  request: IncomingMessage,
): Refusal | undefined => {
  if (peers && !peers(request.socket.remoteAddress ?? ''))
    return { status: 403, reason: 'this address is not in TRUSTED_PEERS' };
  if (!apiKeys || isFree(request.url ?? '', docsPath)) return undefined;
  const verdict = apiKeys.check(headerOf(request, 'x-api-key') ?? headerOf(request, 'ngv-api-key'), role);
  if (verdict === 'unknown') return { status: 401, reason: 'X-API-Key is absent or not known' };
  if (verdict === 'wrong-role') return { status: 403, reason: 'this key has another role' };
  return undefined;
};

/** With a callback: a promise a request would cost more than what it looks at. */
const guard =
  (options: HttpOptions, docsPath: string) =>
  (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
    const refusal = refusalOf(options, docsPath, request.raw);
    if (refusal === undefined) done();
    else void reply.status(refusal.status).send(errorBody(refusal.status, refusal.reason));
  };

const addRawParser = (fastify: FastifyInstance): void => {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
};

const addParsers = (fastify: FastifyInstance): void => {
  const json = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    /^application\/([a-z0-9.-]+\+)?json/,
    { parseAs: 'string' },
    (request, body, done) => {
      if (body === '') done(null, undefined);
      else void json(request, body as string, done);
    },
  );
  // XML and whatever else: the controller gets the text.
  fastify.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
};

type Route = Readonly<{ method: string; segments: readonly string[] }>;

/** Knows every route by its pattern, to tell 405 from 404. */
const methodFinder = (fastify: FastifyInstance): ((url: string) => readonly string[]) => {
  const routes: Route[] = [];
  const split = (url: string) => (url.split('?', 1)[0] ?? '').replace(/^\/|\/$/g, '').split('/');
  fastify.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) routes.push({ method: one, segments: split(url) });
  });
  return (url) => {
    const asked = split(url);
    const fits = ({ segments }: Route) =>
      segments.length === asked.length &&
      segments.every((part, i) => part.startsWith(':') || part === asked[i]);
    return [...new Set(routes.filter(fits).map(({ method }) => method))].sort();
  };
};

const BAD_INPUTS_MAX = 20;
const reasons = (errors: readonly ValidationError[], prefix = ''): string[] =>
  errors.flatMap((error) => [
    ...Object.values(error.constraints ?? {}).map((text) => `${prefix}${text}`),
    ...reasons(error.children ?? [], `${prefix}${error.property}.`),
  ]);

const createValidation = (): ValidationPipe =>
  new ValidationPipe({
    transform: true,
    whitelist: true,
    forbidNonWhitelisted: true,
    exceptionFactory: (errors) => new BadRequestException(reasons(errors).slice(0, BAD_INPUTS_MAX)),
  });

/** Nest's own start-up chatter goes to debug. */
const nestLogger = (logger: Logger): LoggerService => ({
  log: (message) => logger.debug(String(message)),
  debug: (message) => logger.trace(String(message)),
  verbose: (message) => logger.trace(String(message)),
  warn: (message) => logger.warn(String(message)),
  error: (message) => logger.error(String(message)),
});

const serverOptions = ({ tls }: HttpOptions): object =>
  tls === undefined
    ? { http: TIME_LIMITS }
    : { https: { ...tls.current, ...TIME_LIMITS, handshakeTimeout: HANDSHAKE_MS_MAX } };

/** New handshakes show the new certificate; connections go on. Returns how to stop it. */
const keepCertificate = ({ tls }: HttpOptions, server: Server): (() => void) =>
  tls?.onChange((pair) => (server as SecureServer).setSecureContext(pair)) ?? (() => undefined);

const addHsts = ({ tls }: HttpOptions, fastify: FastifyInstance): void => {
  if (tls === undefined) return;
  fastify.addHook('onRequest', (_request, reply, done) => {
    void reply.header('Strict-Transport-Security', HSTS);
    done();
  });
};

const createAdapter = (options: HttpOptions): FastifyAdapter =>
  new FastifyAdapter({
    ...serverOptions(options),
    bodyLimit: options.bodyBytesMax ?? HTTP_BODY_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // The router's own refusals (a malformed path, a parameter too long) come before every hook and filter.
    frameworkErrors: (error: FastifyError, _request: FastifyRequest, reply: FastifyReply) => {
      const status = error.statusCode ?? 400;
      void reply.status(status).send(errorBody(status, error.message));
    },
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: PATH_PARAMETER_CHARACTERS_MAX },
  });

/** In front of the framework's listener, until the server closes: then the framework says so. */
const putInFront = (
  fastify: FastifyInstance,
  options: HttpOptions & Required<Pick<HttpOptions, 'direct'>>,
  docsPath: string,
): (() => void) => {
  const { direct, logger, bodyBytesMax = HTTP_BODY_BYTES_MAX } = options;
  const json = fastify.getDefaultJsonParser('error', 'error');
  const [framework] = fastify.server.listeners('request') as RequestListener[];
  if (framework === undefined) throw new Error('the framework does not listen');
  const listener = inFrontOf(framework, {
    routes: direct,
    isLetIn: (request) => refusalOf(options, docsPath, request) === undefined,
    // It looks at the text alone.
    readJson: (text, done) => void json(undefined as never, text, done),
    bodyBytesMax,
    onDefect: (error, request) => defectBody(logger, error, request),
  });
  const { server } = fastify;
  server.off('request', framework).on('request', listener);
  return () => void server.off('request', listener).on('request', framework);
};

export const startNestHttp = async (options: HttpOptions): Promise<HttpServer> => {
  const { module, host, port, title, logger, docsPath = '/docs' } = options;
  const adapter = createAdapter(options);
  const fastify = adapter.getInstance();
  const methodsOf = methodFinder(fastify);
  addHsts(options, fastify);
  fastify.addHook('onRequest', guard(options, docsPath));
  if (options.rawBody === true) addRawParser(fastify);
  else addParsers(fastify);
  fastify.get('/ping', (_request, reply) => reply.type('text/plain; charset=utf-8').send('OK'));

  const app = await NestFactory.create<NestFastifyApplication>(module, adapter, {
    logger: nestLogger(logger),
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalPipes(createValidation());
  app.useGlobalFilters(new JsonErrors(logger, methodsOf));
  const document = () =>
    SwaggerModule.createDocument(
      app,
      new DocumentBuilder()
        .setTitle(title)
        .setVersion(options.version ?? '1')
        .addApiKey({ type: 'apiKey', name: 'X-API-Key', in: 'header' }, 'api-key')
        .addSecurityRequirements('api-key')
        .build(),
    );
  // Made at the first request: it costs a start nothing.
  SwaggerModule.setup(docsPath, app, document, { jsonDocumentUrl: `${docsPath}/json` });

  app.getHttpServer().maxConnections = CONNECTIONS_MAX;
  app.getHttpServer().keepAliveTimeoutBuffer = KEEP_ALIVE_GRACE_MS;
  const forget = keepCertificate(options, app.getHttpServer());
  // Handed on to net.Server.listen, which knows more options than Fastify's types.
  const listening = { port, host, reusePort: options.reusePort === true };
  await app.listen(listening);
  // Over TLS the framework's answers have a header more, and what it costs is little beside TLS.
  const direct = options.tls === undefined ? options.direct : undefined;
  const removeDirect = direct && putInFront(fastify, { ...options, direct }, docsPath);
  options.drain?.add(`http ${title}`, httpDrainPart(fastify.server, title));
  const address = app.getHttpServer().address();
  const bound = typeof address === 'object' && address !== null ? address.port : port;
  return {
    port: bound,
    url: `${options.tls === undefined ? 'http' : 'https'}://${host.includes(':') ? `[${host}]` : host}:${bound}`,
    app,
    openApi: document,
    close: () => {
      forget();
      removeDirect?.();
      return app.close();
    },
  };
};
