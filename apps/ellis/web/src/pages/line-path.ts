// Where the page of a line is. Used by the pages that lead there.
import type { Line } from '../api/contract.js';

export const linePath = (line: Pick<Line, 'sip_uri'>, tab = ''): string =>
  `/lines/${encodeURIComponent(line.sip_uri)}${tab === '' ? '' : `/${tab}`}`;
