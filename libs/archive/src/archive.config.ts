// Whether there is an archive, and where. Loaded where it is opened (projections/history-archive, apps/history).
import { IsIn, Matches } from 'class-validator';
import { Env } from '#libs/runtime';

/** With TLS the client takes a user; see docs/archive.md. */
const URL =
  /^esdb(\+discover)?:\/\/([^:@/\s]{1,200}:[^@\s]{1,200}@)?[\w.:,[\]-]{1,1000}\/?(\?[^\s]{0,500})?$/;

export class ArchiveConfig {
  @Env('ARCHIVE', 'where events are kept for ever beside the log: none, or eventstoredb')
  @IsIn(['none', 'eventstoredb'], { message: 'takes none or eventstoredb' })
  archive: 'none' | 'eventstoredb' = 'none';

  @Env(
    'EVENTSTORE_URL',
    'EventStoreDB of ARCHIVE=eventstoredb, esdb://user:password@host:port,…; ?tls=false without TLS',
    { secret: true },
  )
  @Matches(URL, { message: 'takes esdb://user:password@host:port, with ?tls=false where it has no TLS' })
  eventstoreUrl = 'esdb://127.0.0.1:2113?tls=false';
}
