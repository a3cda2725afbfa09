// One subscriber: identities, devices, calls, and the filter criteria. Path: /admin/subscribers/<uri>.
import type { JSX } from 'preact';
import { subscriber } from '../api/ellis.js';
import { useLoaded } from '../loaded.js';
import { CallList } from '../pages/calls.js';
import { DeviceList } from '../pages/devices.js';
import { Link } from '../router.js';
import { Show } from '../ui/page.js';
import { CriteriaEditor } from './criteria-editor.js';

export const SubscriberPage = ({ sipUri }: Readonly<{ sipUri: string }>): JSX.Element => {
  const loaded = useLoaded(sipUri, () => subscriber(sipUri));
  return (
    <>
      <p class="crumb"><Link to="/admin/subscribers">← All subscribers</Link></p>
      <Show of={loaded}>
        {(value) => (
          <>
            <section class="card">
              <h2 class="breaks">{value.sip_uri}</h2>
              <dl class="facts">
                <dt>Account</dt><dd>{value.account ?? 'not of the portal'}</dd>
                <dt>Default identity</dt><dd><code class="breaks">{value.default_id}</code></dd>
                <dt>Public identities</dt><dd>{value.public_ids.map((id) => <code key={id} class="breaks block">{id}</code>)}</dd>
                <dt>Private identities</dt><dd>{value.private_ids.map((id) => <code key={id} class="breaks block">{id}</code>)}</dd>
                <dt>Call services</dt><dd>{value.simservs ? 'has a document' : 'has no document'}</dd>
              </dl>
            </section>
            <h2>Devices</h2>
            <DeviceList devices={value.devices} />
            <h2>Filter criteria</h2>
            <CriteriaEditor sipUri={sipUri} />
            <h2>Last calls</h2>
            <CallList calls={value.calls} domain="" pathOf={(id) => `/admin/calls/${encodeURIComponent(id)}`} />
          </>
        )}
      </Show>
    </>
  );
}; // prettier-ignore
