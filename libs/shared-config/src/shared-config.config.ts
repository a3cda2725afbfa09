// Where the shared configuration is. These variables find it, so they are never in it.
// Read by the all-in-one's start and by `npm run config`.
import { ArrayMinSize, IsIn, Matches } from 'class-validator';
import { Env } from '#libs/runtime';

export class SharedConfigConfig {
  @Env(
    'SHARED_CONFIG',
    'where variables are kept that programs share (`npm run config`): embedded (a file in DATA_DIR), or etcd; the environment wins over it',
  )
  @IsIn(['embedded', 'etcd'], { message: 'takes embedded or etcd' })
  sharedConfig: 'embedded' | 'etcd' = 'embedded';

  @Env('ETCD_ENDPOINTS', 'etcd of SHARED_CONFIG=etcd, http(s)://host:port each', { kind: 'list' })
  @ArrayMinSize(1, { message: 'takes at least one' })
  @Matches(/^https?:\/\/[\w.:[\]-]{1,253}$/, {
    each: true,
    message: 'takes http(s)://host:port, comma-separated',
  })
  etcdEndpoints: string[] = ['http://127.0.0.1:2379'];

  @Env('ETCD_PREFIX', 'before every key in etcd: tells cores on one etcd apart')
  @Matches(/^(\/[\w.-]{1,50}){1,4}$/, { message: 'takes /name, up to four deep' })
  etcdPrefix = '/clearwater';

  @Env('ETCD_USERNAME', 'user of etcd; nothing: no authentication')
  etcdUsername = '';

  @Env('ETCD_PASSWORD', 'password of ETCD_USERNAME', { secret: true })
  etcdPassword = '';

  @Env(
    'ETCD_TLS_CA_FILE',
    'authorities that sign etcd’s certificates, PEM; nothing: as the system trusts, or no TLS',
  )
  etcdTlsCaFile = '';
}
