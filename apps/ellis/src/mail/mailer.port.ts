// Mails that Ellis sends. Adapters: smtp.mailer.ts, terminal.mailer.ts (demo).

export type Mail = Readonly<{
  to: string;
  /** Whom it is for, as people read it. */
  name: string;
  kind: 'recovery';
  link: string;
}>;

export interface Mailer {
  /** Resolves when somebody has taken it. Rejects when nobody did. */
  send(mail: Mail): Promise<void>;
}

export const subjectOf = (_mail: Mail): string => 'A new password for the portal';

export const textOf = ({ name, link }: Mail): string =>
  [
    `Hello ${name},`,
    '',
    'somebody, probably you, asked for a new password for the portal. This link sets one; it works once, for 24 hours:',
    '',
    link,
    '',
    'If it was not you, nothing has changed: leave the link alone.',
    '',
  ].join('\n');
