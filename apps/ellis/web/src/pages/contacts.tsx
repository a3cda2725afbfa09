// The address book: whose numbers are listed for everybody. Path: /contacts.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { contacts } from '../api/ellis.js';
import { shownParty } from '../call-services/party.js';
import { useLoaded } from '../loaded.js';
import { usePortal } from '../portal-context.js';
import { Link } from '../router.js';
import { Field } from '../ui/form.js';
import { Empty, Page, Show } from '../ui/page.js';

export const Contacts = (_props: Readonly<{ parts: readonly string[] }>): JSX.Element => {
  const { facts } = usePortal();
  const [search, setSearch] = useState('');
  const book = useLoaded('contacts', contacts);
  const wanted = search.trim().toLowerCase();
  return (
    <Page title="Contacts" lead="Who has listed a number for everybody here.">
      <Show of={book}>
        {(list) => {
          const found = list.filter(({ full_name, numbers }) => `${full_name} ${numbers.join(' ')}`.toLowerCase().includes(wanted));
          if (list.length === 0) return <Empty title="Nobody is listed yet"><p>You can list your own lines: open a line, then its overview.</p></Empty>;
          return (
            <>
              <Field label="Search" type="search" value={search} onValue={setSearch} />
              {found.length === 0 && <Empty title="Nobody by that name or number" />}
              <ul class="cards">
                {found.map(({ email, full_name, numbers }) => (
                  <li key={email} class="card">
                    <h2>{full_name}</h2>
                    <ul class="caller-rows">
                      {numbers.map((uri) => (
                        <li key={uri}>
                          <span class="breaks">{shownParty(uri, facts.home_domain)}</span>
                          <Link to={`/phone?call=${encodeURIComponent(uri)}`} label={`Call ${full_name} at ${shownParty(uri, facts.home_domain)}`}>Call</Link>
                        </li>
                      ))}
                    </ul>
                  </li>
                ))}
              </ul>
            </>
          );
        }}
      </Show>
    </Page>
  );
}; // prettier-ignore
