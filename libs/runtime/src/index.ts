export * from './api-key.js';
export * from './client-address.js';
export * from './clock.port.js';
export * from './process.config.js';
export * from './config.js';
export * from './common-variables.config.js';
export * from './drain/drain.js';
export * from './health.js';
export * from './http-server.port.js';
export * from './http.js';
export type { DirectAnswer, DirectRoute, DirectRoutes } from './direct/direct-routes.js';
export { errorBody, type ErrorBody } from './error-body.js';
export * from './logger.js';
export * from './management.js';
export * from './private-file.js';
export * from './metrics.js';
export * from './moment.js';
export {
  openOperatorFiles,
  type OperatorFiles,
  type OperatorFilesOptions,
  type ReadResult,
} from './operator-files.js';
export * from './pause.js';
export * from './shutdown.js';
export * from './system-clock.js';
export * from './system-random.js';
export {
  CERTIFICATE_CHECK_MS,
  type CertificateFiles,
  openCertificateFiles,
} from './tls/certificate-files.js';
export { httpScheme, openHttpIdentity, readHttpCa } from './tls/http-identity.js';
export { checkPair, HeldIdentity, type TlsIdentity, type TlsPair } from './tls/tls-identity.js';
export * from './throttle/guesses.js';
export * from './throttle/throttle.js';
export * from './traces/traces.port.js';
export { openTraces, type OpenTraces, SPANS_WAITING_MAX } from './traces/otlp-traces.js';
export * from './trusted-peers.js';
export * from './wait-until.js';
export * from './process.js';
export * from './workers.config.js';
export * from './workers/supervise.js';
export * from './workers/worker-processes.js';
