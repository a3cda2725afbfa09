// What the handlers of Cx answer alike: results of the base and of 3GPP, capabilities, charging functions. TS 29.229 §6.2, §6.3.
import { type Body, CX_RESULT, RESULT, VENDOR_3GPP } from '#libs/diameter';
import type { Subscriber } from '../subscriber-file.js';

export const base = (name: keyof typeof RESULT): Body => ({ 'Result-Code': RESULT[name] });

export const experimental = (name: keyof typeof CX_RESULT): Body => ({
  'Experimental-Result': { 'Vendor-Id': VENDOR_3GPP, 'Experimental-Result-Code': CX_RESULT[name] },
});

/** Without any, any S-CSCF will do (TS 29.228 §6.7): then there is no group, as some clients drop an answer with an empty one. */
export const capabilities = ({ mandatoryCapabilities, optionalCapabilities }: Subscriber): Body =>
  mandatoryCapabilities.length + optionalCapabilities.length === 0
    ? {}
    : {
        'Server-Capabilities': {
          'Mandatory-Capability': mandatoryCapabilities,
          'Optional-Capability': optionalCapabilities,
        },
      };

export const chargingInformation = ({ chargingFunctions }: Subscriber): Body =>
  chargingFunctions
    ? {
        'Charging-Information': {
          'Primary-Charging-Collection-Function-Name': chargingFunctions.primary,
          'Secondary-Charging-Collection-Function-Name': chargingFunctions.secondary,
        },
      }
    : {};
