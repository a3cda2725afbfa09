// Rogers' variables, beside those that every app shares (libs/runtime ProcessConfig).
// Read by main.ts; ROGERS_SERVERS also from the shared configuration, while it runs.
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsInt, Matches, Max, Min } from 'class-validator';
import { Env } from '#libs/runtime';

const PORT = { message: 'takes a port, 0 to 65535' };
const REPLICAS = { message: 'takes 1 to 3' };
const TIMEOUT = { message: 'takes whole milliseconds, 10 to 10000' };
const CONNECTIONS = { message: 'takes a number, 1 to 65535' };

export class RogersConfig {
  @Env('ROGERS_PORT', 'TCP port of Rogers: memcached’s protocol')
  @IsInt(PORT)
  @Min(0, PORT)
  @Max(65535, PORT)
  rogersPort = 11311;

  @Env(
    'ROGERS_SERVERS',
    'memcached servers behind Rogers, host:port each, run with -M; in the shared configuration it may be changed while all serve',
    { kind: 'list' },
  )
  @ArrayMinSize(1, { message: 'takes at least one server' })
  @ArrayMaxSize(32, { message: 'takes at most 32 servers' })
  @ArrayUnique({ message: 'takes each server once' })
  @Matches(/^[\w.-]{1,253}:\d{1,5}$/, { each: true, message: 'takes host:port, comma-separated' })
  rogersServers: string[] = ['127.0.0.1:11211'];

  @Env('ROGERS_REPLICAS', 'servers that each value is on')
  @IsInt(REPLICAS)
  @Min(1, REPLICAS)
  @Max(3, REPLICAS)
  rogersReplicas = 2;

  @Env(
    'ROGERS_TIMEOUT_MS',
    'how long a memcached server may take for an answer, ms; then the others go on without it. Only time in which this process looks for answers counts, and a server that was slow of late has up to four times as long',
  )
  @IsInt(TIMEOUT)
  @Min(10, TIMEOUT)
  @Max(10_000, TIMEOUT)
  rogersTimeoutMs = 150;

  @Env('ROGERS_CONNECTIONS', 'clients connected at the same time; one more is refused')
  @IsInt(CONNECTIONS)
  @Min(1, CONNECTIONS)
  @Max(65535, CONNECTIONS)
  rogersConnections = 1024;
}
