// The operators' pages. Paths: /admin, /admin/subscribers, /admin/subscribers/<uri>, /admin/calls/<id>.
import type { JSX } from 'preact';
import { operatorLadder } from '../api/ellis.js';
import { useLoaded } from '../loaded.js';
import { LadderView } from '../pages/call.js';
import { Link } from '../router.js';
import { Empty, Page, Show } from '../ui/page.js';
import { Overview } from './overview.js';
import { SubscriberPage } from './subscriber.js';
import { Subscribers } from './subscribers.js';

export const Admin = ({ parts }: Readonly<{ parts: readonly string[] }>): JSX.Element => {
  const [section, item] = parts;
  return (
    <Page title="Operations">
      <nav class="tabs" aria-label="Operations">
        <Link to="/admin" current={section === undefined}>Now</Link>
        <Link to="/admin/subscribers" current={section === 'subscribers'}>Subscribers</Link>
      </nav>
      <SectionOf section={section} item={item} />
    </Page>
  );
}; // prettier-ignore

const SectionOf = ({ section, item }: Readonly<{ section: string | undefined; item: string | undefined }>): JSX.Element => {
  if (section === undefined) return <Overview />;
  if (section === 'subscribers') return item === undefined ? <Subscribers /> : <SubscriberPage key={item} sipUri={item} />;
  if (section === 'calls' && item !== undefined) return <CallOfAnybody key={item} id={item} />;
  return <Empty title="There is nothing here" />;
}; // prettier-ignore

const CallOfAnybody = ({ id }: Readonly<{ id: string }>): JSX.Element => {
  const ladder = useLoaded(id, () => operatorLadder(id));
  return <Show of={ladder}>{(value) => <LadderView ladder={value} again={ladder.again} />}</Show>;
};
