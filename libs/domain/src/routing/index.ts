export { readBgcfRoutes, ROUTES_OF_A_WAY_MAX, type BgcfRoute, type BgcfRoutes } from './bgcf-routes.js';
export {
  ENUM_RESULT_LENGTH_MAX,
  ENUM_RULE_LENGTH_MAX,
  readEnumRule,
  type EnumRule,
  type EnumRuleResult,
} from './enum-rule.js';
export { readNumberBlocks, type NumberBlocks } from './number-blocks.js';
export { ROUTING_ENTRIES_MAX, type FileResult } from './routing-file.js';
