// In a demonstration nobody takes mails: what would be sent is shown at the terminal, and there only. What is no terminal is kept by
// somebody, and a link that opens an account must not be.
import type { Logger } from '#libs/runtime';
import type { Mailer } from './mailer.port.js';

export const createTerminalMailer = (
  logger: Logger,
  output: Readonly<{ isTTY?: boolean; write(text: string): unknown }> = process.stderr,
): Mailer => ({
  send({ to, link }) {
    if (output.isTTY === true) output.write(`\nMail to ${to}: ${link}\n\n`);
    else logger.warn('a recovery mail was asked for; without SMTP_URL it is shown at a terminal only');
    return Promise.resolve();
  },
});
