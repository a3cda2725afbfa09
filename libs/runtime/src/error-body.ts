// Errors of the HTTP APIs in one JSON shape, that of Clearwater's provisioning API: error, status, message, reason, detail.
// Written by every HTTP port of ours, the management port too.
import { STATUS_CODES } from 'node:http';

export type ErrorBody = Readonly<{
  error: true;
  status: number;
  message: string;
  reason: string;
  detail: object;
}>;

export const errorBody = (status: number, reason: string, detail: object = {}): ErrorBody => ({
  error: true,
  status,
  message: STATUS_CODES[status] ?? 'Error',
  reason,
  detail,
});
