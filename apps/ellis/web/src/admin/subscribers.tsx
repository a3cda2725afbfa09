// Subscribers by what their identity contains. Path: /admin/subscribers.
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import type { FoundSubscriber } from '../api/contract.js';
import { findSubscribers } from '../api/ellis.js';
import { useDoing, useLoaded } from '../loaded.js';
import { Link } from '../router.js';
import { Button, Field, Form } from '../ui/form.js';
import { Empty, Fault, Show } from '../ui/page.js';

export const Subscribers = (): JSX.Element => {
  const [typed, setTyped] = useState('');
  const [search, setSearch] = useState('');
  return (
    <>
      <Form onSubmit={() => setSearch(typed.trim())} label="Search subscribers">
        <div class="add-row">
          <Field label="Search subscribers" type="search" value={typed} onValue={setTyped} placeholder="Part of an address" autoComplete="off" />
          <Button type="submit" kind="primary">Search</Button>
        </div>
      </Form>
      <FoundList key={search} search={search} />
    </>
  );
}; // prettier-ignore

const FoundList = ({ search }: Readonly<{ search: string }>): JSX.Element => {
  const found = useLoaded(search, () => findSubscribers(search, undefined));
  const { busy, fault, run } = useDoing();
  const more = (after: string) =>
    void run(async () => {
      const { subscribers, next } = await findSubscribers(search, after);
      found.set((before) => ({ subscribers: [...before.subscribers, ...subscribers], next }));
    });
  return (
    <Show of={found}>
      {({ subscribers, next }) => (
        <>
          {subscribers.length === 0 && <Empty title={search === '' ? 'There are no subscribers yet' : `Nobody with “${search}”`} />}
          <ul class="rows">{subscribers.map((one) => <Found key={one.sip_uri} {...one} />)}</ul>
          <Fault words={fault} />
          {next !== null && <Button busy={busy} onClick={() => more(next)}>More</Button>}
        </>
      )}
    </Show>
  );
}; // prettier-ignore

const Found = ({ sip_uri, account }: FoundSubscriber): JSX.Element => (
  <li>
    <Link to={`/admin/subscribers/${encodeURIComponent(sip_uri)}`}>
      <span class="breaks">{sip_uri}</span>
      <span class="quiet breaks">{account ?? 'not of the portal'}</span>
    </Link>
  </li>
);
