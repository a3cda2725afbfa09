// The call list's own variables, beside those of every program. Read by main.ts.
import { IsInt, IsUrl, Max, Min } from 'class-validator';
import { Env } from '#libs/runtime';

const PORT = { message: 'takes a port, 0 to 65535' };

export class CallListConfig {
  @Env('CALL_LIST_PORT', 'TCP port of the HTTP API of the call list: users ask it, so it takes any address')
  @IsInt(PORT)
  @Min(0, PORT)
  @Max(65535, PORT)
  callListPort = 7889;

  @Env('HOMESTEAD_URL', 'where Homestead answers who a user is')
  @IsUrl(
    { require_tld: false, protocols: ['http', 'https'], require_protocol: true },
    { message: 'takes an http or https URL' },
  )
  homesteadUrl = 'http://127.0.0.1:8888';
}
