// How the parts are joined when all run in one process, beside the variables of each app.
import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import { Env } from '#libs/runtime';

export class ClearwaterConfig {
  @Env('SPROUT_LINK', 'how edge and router are joined in one process: memory, or tcp (real sockets)')
  @IsIn(['memory', 'tcp'], { message: 'takes memory or tcp' })
  sproutLink: 'memory' | 'tcp' = 'memory';

  @Env('HOMESTEAD_LINK', 'how router and Homestead are joined in one process: memory, or http (real sockets)')
  @IsIn(['memory', 'http'], { message: 'takes memory or http' })
  homesteadLink: 'memory' | 'http' = 'memory';

  @Env('HOMER_LINK', 'how router and Homer are joined in one process: memory, or http (real sockets)')
  @IsIn(['memory', 'http'], { message: 'takes memory or http' })
  homerLink: 'memory' | 'http' = 'memory';

  @Env('DEMO', 'make the demo subscribers alice and bob; refused unless everything is on loopback', {
    kind: 'boolean',
    defaultText: '`1` on loopback without an HSS',
  })
  @IsOptional()
  @IsBoolean({ message: 'takes 1 or 0' })
  demo: boolean | undefined = undefined;
}
