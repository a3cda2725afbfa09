// Homestead's variables, beside those that every app shares (libs/runtime ProcessConfig).
// Read by main.ts here and by apps/clearwater.
import { ArrayMaxSize, IsInt, Matches, Max, Min } from 'class-validator';
import { Env } from '#libs/runtime';
import type { HomesteadPorts } from './homestead.js';

const PORT = { message: 'takes a port, 0 to 65535' };
const RECORD_TTL = { message: 'takes whole seconds, 60 to 604800' };
const DIAMETER_URI = /^(aaas?:\/\/)?[A-Za-z0-9.[\]:-]{1,253}(;[a-z]+=[a-z0-9]+)*$/;
const FUNCTIONS = 'takes at most two Diameter URIs or host names, comma-separated, first to try first';

export class HomesteadConfig {
  @Env('HOMESTEAD_PORT', 'TCP port of the HTTP API of Homestead')
  @IsInt(PORT)
  @Min(0, PORT)
  @Max(65535, PORT)
  homesteadPort = 8888;

  @Env('SCSCF_URI', 'SIP URI of the S-CSCF that local subscribers are assigned to', {
    defaultText: '`sip:scscf.<HOME_DOMAIN>:5054;transport=tcp`',
  })
  @Matches(/^(sips?:[^\s<>"]{1,250})?$/, { message: 'takes a SIP URI' })
  scscfUri = '';

  @Env('HOMESTEAD_RECORD_TTL', 'how long a registration state is remembered without a further request, s')
  @IsInt(RECORD_TTL)
  @Min(60, RECORD_TTL)
  @Max(604_800, RECORD_TTL)
  recordTtlS = 3_600;

  @Env('CHARGING_COLLECTION_FUNCTIONS', 'charging collection functions told to the S-CSCF', { kind: 'list' })
  @ArrayMaxSize(2, { message: FUNCTIONS })
  @Matches(DIAMETER_URI, { each: true, message: FUNCTIONS })
  chargingCollectionFunctions: string[] = [];

  @Env('EVENT_CHARGING_FUNCTIONS', 'event charging functions told to the S-CSCF', { kind: 'list' })
  @ArrayMaxSize(2, { message: FUNCTIONS })
  @Matches(DIAMETER_URI, { each: true, message: FUNCTIONS })
  eventChargingFunctions: string[] = [];
}

/** What the core takes of the configuration. The S-CSCF, where none is given, is the home domain's. */
export const homesteadOptions = (
  config: HomesteadConfig,
  homeDomain: string,
): Pick<HomesteadPorts, 'scscfUri' | 'recordTtlS' | 'chargingAddresses'> => ({
  scscfUri: config.scscfUri === '' ? `sip:scscf.${homeDomain}:5054;transport=tcp` : config.scscfUri,
  recordTtlS: config.recordTtlS,
  chargingAddresses: { ccf: config.chargingCollectionFunctions, ecf: config.eventChargingFunctions },
});
