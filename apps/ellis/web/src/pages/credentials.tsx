// A line's credentials, the one time that they are shown: to copy, to scan, or for the phone in this page.
// The password is kept nowhere unless the phone in the page is asked to use it (phone/kept-credentials.ts).
import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Line } from '../api/contract.js';
import { keepForPhone, PHONE_MISSING } from '../phone/kept-credentials.js';
import { usePortal } from '../portal-context.js';
import { navigate } from '../router.js';
import { Button } from '../ui/form.js';
import { Dialog } from '../ui/dialog.js';
import { Fault } from '../ui/page.js';

const COPIED_MS = 2_000;

const CopyRow = ({ name, value }: Readonly<{ name: string; value: string }>): JSX.Element => {
  const [copied, setCopied] = useState('');
  const copy = () =>
    void navigator.clipboard.writeText(value).then(
      () => setCopied('Copied'),
      () => setCopied('Not copied'),
    );
  useEffect(() => {
    if (copied === '') return undefined;
    const timer = setTimeout(() => setCopied(''), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  return (
    <div class="copy-row">
      <span class="copy-name">{name}</span>
      <code>{value}</code>
      <button type="button" class="plain" onClick={copy} aria-label={`Copy ${name.toLowerCase()}`}>{copied === '' ? 'Copy' : copied}</button>
    </div>
  );
}; // prettier-ignore

/** A path for SVG of a code's dark squares. */
const usePathOf = (text: string) => {
  const [drawn, setDrawn] = useState<{ size: number; path: string } | 'missing'>();
  useEffect(() => {
    let current = true;
    void import('uqr').then(
      ({ encode }) => {
        const { data, size } = encode(text, { border: 2, ecc: 'M' });
        const path = data
          .flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : '')))
          .join('');
        if (current) setDrawn({ size, path });
      },
      () => current && setDrawn('missing'),
    );
    return () => void (current = false);
  }, [text]);
  return drawn;
};

const QrCode = ({ text, label }: Readonly<{ text: string; label: string }>): JSX.Element => {
  const drawn = usePathOf(text);
  if (drawn === undefined) return <div class="qr" aria-busy="true" />;
  if (drawn === 'missing') return <p class="hint">The code could not be loaded.</p>;
  return (
    <svg class="qr" role="img" aria-label={label} viewBox={`0 0 ${drawn.size} ${drawn.size}`} shape-rendering="crispEdges">
      <rect width={drawn.size} height={drawn.size} fill="#fff" />
      <path d={drawn.path} fill="#000" />
    </svg>
  );
}; // prettier-ignore

export type CredentialsProps = Readonly<{ line: Line; password: string; onClose: () => void }>;

export const Credentials = ({ line, password, onClose }: CredentialsProps): JSX.Element => {
  const { facts } = usePortal();
  const [fault, setFault] = useState('');
  const use = () =>
    void keepForPhone(line, facts.home_domain, password).then(
      () => navigate(`/phone/${encodeURIComponent(line.sip_uri)}`),
      () => setFault(PHONE_MISSING),
    );
  const scanned = `sip:${line.sip_username}:${password}@${line.domain}?user=${line.private_id}`;
  return (
    <Dialog title={line.formatted_number} onClose={onClose}>
      <p>This is the password for your phones. <strong>It is shown this once</strong>; you can get a new one at any time.</p>
      <div class="credentials">
        <div class="copy-rows">
          <CopyRow name="User name" value={line.sip_username} />
          <CopyRow name="Authentication name" value={line.private_id} />
          <CopyRow name="Password" value={password} />
          <CopyRow name="Domain" value={line.domain} />
        </div>
        <figure>
          <QrCode text={scanned} label={`Code with the credentials of ${line.formatted_number}`} />
          <figcaption class="hint">Scan it with your phone</figcaption>
        </figure>
      </div>
      <Fault words={fault} />
      <div class="actions">
        <Button onClick={onClose}>I have it</Button>
        <Button kind="primary" onClick={use}>Use it in this page</Button>
      </div>
    </Dialog>
  );
}; // prettier-ignore
