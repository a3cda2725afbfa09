import { parseFallbackCriteria, parseSharedCriteria } from './criteria-files.js';

const criterion = (server: string, priority = 0): string =>
  `<InitialFilterCriteria><Priority>${priority}</Priority><ApplicationServer><ServerName>${server}</ServerName></ApplicationServer></InitialFilterCriteria>`;

describe('the shared filter criteria file', () => {
  const shared = (content: string) => {
    const parsed = parseSharedCriteria(`<SharedIFCsSets>${content}</SharedIFCsSets>`);
    if (!parsed.ok) throw new Error(parsed.reason);
    return parsed.value;
  };
  const set = (id: string, content: string): string =>
    `<SharedIFCsSet><SetID>${id}</SetID>${content}</SharedIFCsSet>`;

  it('gives the criteria of each set by its id', () => {
    const { sets, problems } = shared(set('1', criterion('a') + criterion('b', 3)) + set('2', ''));
    expect([...sets.keys()]).toEqual([1, 2]);
    expect(
      sets.get(1)?.map(({ priority, applicationServer }) => [priority, applicationServer.serverName]),
    ).toEqual([
      [0, 'a'],
      [3, 'b'],
    ]);
    expect(problems).toEqual([]);
  });

  it('reports a bad set or criterion and keeps the others', () => {
    const { sets, problems } = shared(
      set('x', '') + set('1', criterion('') + criterion('b')) + set('1', criterion('c')),
    );
    expect(sets.get(1)).toHaveLength(1);
    expect(problems).toEqual([
      { where: 'set 0', reason: 'SetID x' },
      { where: 'set 1, criterion 0', reason: 'no ServerName' },
      { where: 'set 2', reason: 'SetID 1 is there already' },
    ]);
  });

  it('refuses a file of another kind', () => {
    expect(parseSharedCriteria('<FallbackIFCsSet/>').ok).toBe(false);
    expect(parseSharedCriteria('nonsense').ok).toBe(false);
  });
});

describe('the fallback filter criteria file', () => {
  it('gives its criteria and what was left out', () => {
    const parsed = parseFallbackCriteria(
      `<FallbackIFCsSet>${criterion('a')}${criterion('')}</FallbackIFCsSet>`,
    );
    expect(parsed.ok && parsed.value.criteria).toHaveLength(1);
    expect(parsed.ok && parsed.value.problems).toEqual([
      { where: 'fallback, criterion 1', reason: 'no ServerName' },
    ]);
  });

  it('refuses a file of another kind', () => {
    expect(parseFallbackCriteria('<SharedIFCsSets/>').ok).toBe(false);
    expect(parseFallbackCriteria('<').ok).toBe(false);
  });
});
