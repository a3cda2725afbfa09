// Homer's variables, beside those that every app shares (libs/runtime ProcessConfig).
// Read by main.ts here and by apps/clearwater.
import { IsInt, IsUrl, Matches, Max, Min } from 'class-validator';
import { Env } from '#libs/runtime';

const PORT = { message: 'takes a port, 0 to 65535' };

export class HomerConfig {
  @Env('HOMER_PORT', 'TCP port of the XCAP API of Homer')
  @IsInt(PORT)
  @Min(0, PORT)
  @Max(65535, PORT)
  homerPort = 7888;

  @Env(
    'HOMER_USAGES_FILE',
    'JSON file with kinds of documents beside simservs and resource-lists, their schemas beside it (docs/telephony.md)',
    { defaultText: 'none' },
  )
  @Matches(/^[^\0]*$/, { message: 'takes a file' })
  homerUsagesFile = '';

  @Env('HOMESTEAD_URL', 'where Homestead answers, whom Homer asks for credentials when it runs apart')
  @IsUrl(
    { require_tld: false, protocols: ['http', 'https'], require_protocol: true },
    { message: 'takes an http or https URL' },
  )
  homesteadUrl = 'http://127.0.0.1:8888';
}
