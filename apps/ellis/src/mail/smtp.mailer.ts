// Mails by SMTP (nodemailer), to the server that SMTP_URL names: TLS where it offers it, bounded in time.
import { createTransport } from 'nodemailer';
import { type Mailer, subjectOf, textOf } from './mailer.port.js';

const CONNECT_MS_MAX = 10_000;
const ANSWER_MS_MAX = 30_000;

export type SmtpMailer = Mailer & Readonly<{ close(): void }>;

export const createSmtpMailer = ({ url, from }: Readonly<{ url: string; from: string }>): SmtpMailer => {
  const transport = createTransport(
    { url, connectionTimeout: CONNECT_MS_MAX, greetingTimeout: CONNECT_MS_MAX, socketTimeout: ANSWER_MS_MAX },
    { from },
  );
  return {
    async send(mail) {
      await transport.sendMail({
        to: { name: mail.name, address: mail.to },
        subject: subjectOf(mail),
        text: textOf(mail),
        disableFileAccess: true,
        disableUrlAccess: true,
      });
    },
    close: () => transport.close(),
  };
};
