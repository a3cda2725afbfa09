// Where an application attaches: this product's control port, or a drachtio server's.
// Read by main.ts of each application server (apps/call-list, apps/twinning).
import { ArrayMaxSize, ArrayNotEmpty, IsInt, Matches, Max, Min } from 'class-validator';
import { Env } from '#libs/runtime';

const PORT = { message: 'takes a port, 1 to 65535' };

export class DrachtioClientConfig {
  @Env(
    'DRACHTIO_HOST',
    'names or addresses of the control ports that an application attaches to, one for each router, comma-separated',
    { kind: 'list' },
  )
  @ArrayNotEmpty({ message: 'takes a host name or an IP address at least' })
  @ArrayMaxSize(100, { message: 'takes at most 100 hosts' })
  @Matches(/^[A-Za-z0-9.:-]{1,253}$/, { each: true, message: 'takes host names and IP addresses' })
  drachtioHost: string[] = ['127.0.0.1'];

  @Env('DRACHTIO_PORT', 'TCP port of the control port that an application attaches to')
  @IsInt(PORT)
  @Min(1, PORT)
  @Max(65535, PORT)
  drachtioPort = 9022;

  @Env('DRACHTIO_SECRET', 'what the control port wants to be shown', { secret: true })
  @Matches(/^[^|\r\n]*$/, { message: 'takes text without | and line ends' })
  drachtioSecret = '';
}
