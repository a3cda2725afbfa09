export { decideRefresh, MIN_SE_S, type RefreshAsked, type RefreshDecision, refreshLacking, type SessionTimerPolicy } from './session-timer.js'; // prettier-ignore
