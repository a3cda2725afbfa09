// A view of a vbucket: which servers hold all of it, and which are being filled. It stands as the vbucket's sentinel on each of them, and
// comes with every answer: the one with the highest epoch holds (docs/adr/0018-replicas-behind-rogers.md). Written by view-keeper.ts, read by all.

export type View = Readonly<{
  /** Rises with each change. */
  epoch: number;
  /** Of the configuration that it follows: an older one undoes nothing. */
  revision: number;
  /** The first one decides who is first to write; one that is new comes last. */
  members: readonly string[];
  /** Written by everybody, read by nobody. */
  joining: readonly string[];
  text: string;
}>;

export type ViewShape = Omit<View, 'text'>;

export const SERVERS_MAX = 32;
const NAME = /^[\w.-]{1,253}:\d{1,5}$/;

export const viewOf = ({ epoch, revision, members, joining }: ViewShape): View => ({
  epoch,
  revision,
  members,
  joining,
  text: `1 ${epoch} ${revision} ${members.join(',')} ${joining.join(',') || '-'}`,
});

const namesIn = (text: string): readonly string[] | undefined => {
  const names = text === '-' ? [] : text.split(',');
  const isSound = names.length <= SERVERS_MAX && names.every((name) => NAME.test(name));
  return isSound && new Set(names).size === names.length ? names : undefined;
};

/** undefined: no sentinel of ours. */
export const parseView = (text: string): View | undefined => {
  const [, epochText, revisionText, membersText, joiningText] =
    /^1 (\d{1,16}) (\d{1,16}) (\S+) (\S+)$/.exec(text) ?? [];
  if (membersText === undefined || joiningText === undefined) return undefined;
  const members = namesIn(membersText);
  const joining = namesIn(joiningText);
  const [epoch, revision] = [Number(epochText), Number(revisionText)];
  if (!members || !joining || members.length === 0 || !Number.isSafeInteger(epoch)) return undefined;
  return { epoch, revision, members, joining, text };
};

export const without = (names: readonly string[], name: string): readonly string[] =>
  names.filter((one) => one !== name);
