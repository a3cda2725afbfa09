export { featureSetOf, type FeatureSet } from './feature-set.js';
export {
  type AcceptPredicate,
  type CallerPreferences,
  impliedPreferences,
  inOrderOfPreference,
  type PreferredContact,
} from './caller-preferences.js';
export {
  type Disposition,
  dispositionOf,
  type Forking,
  ringingGroups,
  USUAL_DISPOSITION,
} from './request-disposition.js';
