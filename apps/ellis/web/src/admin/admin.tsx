// The operators' pages. Paths: /admin, /admin/subscribers, /admin/subscribers/<uri>, /admin/calls/<id>, /admin/parked, /admin/dead-letters,
// /admin/operators.
import type { JSX } from 'preact';
import { operatorLadder } from '../api/ellis.js';
import { useLoaded } from '../loaded.js';
import { LadderView } from '../pages/call.js';
import { Empty, Page, Show } from '../ui/page.js';
import { Tabs } from '../ui/tabs.js';
import { DeadLettersPage } from './dead-letters.js';
import { Operators } from './operators.js';
import { Overview } from './overview.js';
import { Parked } from './parked.js';
import { SubscriberPage } from './subscriber.js';
import { Subscribers } from './subscribers.js';

const TABS = [
  [undefined, 'Now'],
  ['subscribers', 'Subscribers'],
  ['parked', 'Parked events'],
  ['dead-letters', 'Dead letters'],
  ['operators', 'Operators'],
] as const;

export const Admin = ({ parts }: Readonly<{ parts: readonly string[] }>): JSX.Element => {
  const [section, item] = parts;
  return (
    <Page title="Operations">
      <Tabs label="Operations" tabs={TABS.map(([name, words]) => ({ to: name === undefined ? '/admin' : `/admin/${name}`, words, current: section === name }))} />
      <SectionOf section={section} item={item} />
    </Page>
  );
}; // prettier-ignore

const SectionOf = ({ section, item }: Readonly<{ section: string | undefined; item: string | undefined }>): JSX.Element => {
  if (section === undefined) return <Overview />;
  if (section === 'subscribers') return item === undefined ? <Subscribers /> : <SubscriberPage key={item} sipUri={item} />;
  if (section === 'parked') return <Parked />;
  if (section === 'dead-letters') return <DeadLettersPage />;
  if (section === 'operators') return <Operators />;
  if (section === 'calls' && item !== undefined) return <CallOfAnybody key={item} id={item} />;
  return <Empty title="There is nothing here" />;
}; // prettier-ignore

const CallOfAnybody = ({ id }: Readonly<{ id: string }>): JSX.Element => {
  const ladder = useLoaded(id, () => operatorLadder(id));
  return <Show of={ladder}>{(value) => <LadderView ladder={value} again={ladder.again} />}</Show>;
};
