import { allInChain, CHAIN_START, nextInChain, type ChainRules } from './criteria-chain.js';
import { compileCriteria, type Decision } from './compile-criteria.js';
import { criterionOf, method, spt, subjectOf } from './criteria.fixture.js';

const on = (name: string, server: string, priority = 0) =>
  criterionOf({ server, priority, trigger: { form: 'cnf', triggers: [spt(method(name))] } });

const rulesOf = (rules: Partial<ChainRules>, ...criteria: readonly ReturnType<typeof on>[]): ChainRules => ({
  criteria: compileCriteria(criteria),
  ...rules,
});

/** The servers that a request visits when each returns it as it was, and how the chain ends. */
const walk = (rules: ChainRules, subject = subjectOf()): string[] => {
  const visited: string[] = [];
  let step = nextInChain(rules, subject);
  while (step.kind === 'invoke') {
    visited.push(step.decision.criterion.source.applicationServer.serverName);
    step = nextInChain(rules, subject, step.cursor);
  }
  visited.push(
    step.kind === 'end' ? `end, ${step.matched ? 'matched' : 'no match'}` : `reject ${step.status}`,
  );
  return visited;
};

describe('the chain of application servers (TS 23.218 §5.2)', () => {
  it('visits the servers of the criteria that match, by priority', () => {
    const rules = rulesOf({}, on('INVITE', 'b', 2), on('INVITE', 'a', 1), on('MESSAGE', 'c', 0));
    expect(walk(rules)).toEqual(['a', 'b', 'end, matched']);
    expect(walk(rules, subjectOf({ method: 'BYE' }))).toEqual(['end, no match']);
  });

  it('judges each criterion on the request as the former server left it', () => {
    const rules = rulesOf({}, on('INVITE', 'a', 1), on('INVITE', 'b', 2), on('MESSAGE', 'c', 3));
    const first = nextInChain(rules, subjectOf());
    if (first.kind !== 'invoke') throw new Error(first.kind);
    const second = nextInChain(rules, subjectOf({ method: 'MESSAGE' }), first.cursor);
    if (second.kind !== 'invoke') throw new Error(second.kind);
    expect(second.decision.criterion.source.applicationServer.serverName).toBe('c');
    // The cursor is plain data: it may be stored and come back.
    const revived = JSON.parse(JSON.stringify(second.cursor)) as typeof CHAIN_START;
    expect(nextInChain(rules, subjectOf(), revived)).toEqual({ kind: 'end', matched: true });
  });

  it('fallback criteria are asked only when nothing of the profile matched', () => {
    const fallback = compileCriteria([on('INVITE', 'fallback')]);
    expect(walk(rulesOf({ fallback }, on('MESSAGE', 'a')))).toEqual(['fallback', 'end, matched']);
    expect(walk(rulesOf({ fallback }, on('INVITE', 'a')))).toEqual(['a', 'end, matched']);
    expect(walk(rulesOf({}, on('MESSAGE', 'a')))).toEqual(['end, no match']);
  });

  it('the dummy server counts as a match, but nothing is invoked', () => {
    const fallback = compileCriteria([on('INVITE', 'fallback')]);
    const rules = { dummyServer: 'sip:dummy', rejectIfNoMatching: true, fallback };
    expect(walk(rulesOf(rules, on('INVITE', 'sip:dummy')))).toEqual(['end, matched']);
    expect(walk(rulesOf(rules, on('INVITE', 'sip:dummy'), on('INVITE', 'a', 1)))).toEqual([
      'a',
      'end, matched',
    ]);
    const dummyFallback = compileCriteria([on('INVITE', 'sip:dummy')]);
    expect(walk(rulesOf({ ...rules, fallback: dummyFallback }, on('BYE', 'a')))).toEqual(['end, matched']);
  });

  it('a request that nothing matches is refused with 400 where the operator wants it', () => {
    const rules = { rejectIfNoMatching: true };
    expect(walk(rulesOf(rules, on('MESSAGE', 'a')))).toEqual(['reject 400']);
    expect(walk(rulesOf(rules, on('INVITE', 'a')))).toEqual(['a', 'end, matched']);
    const fallback = compileCriteria([on('INVITE', 'fallback')]);
    expect(walk(rulesOf({ ...rules, fallback }))).toEqual(['fallback', 'end, matched']);
  });

  it('collects the decisions on the way when asked', () => {
    const trail: Decision[] = [];
    nextInChain(rulesOf({}, on('MESSAGE', 'a'), on('INVITE', 'b', 1), on('INVITE', 'c', 2)), subjectOf(), CHAIN_START, trail);
    expect(trail.map(({ matched }) => matched)).toEqual([false, true]);
  }); // prettier-ignore

  it('gives all matches at once for third-party registration', () => {
    const rules = rulesOf({ dummyServer: 'd' }, on('REGISTER', 'a'), on('REGISTER', 'd'), on('INVITE', 'b'));
    const { invoke, matched, reject } = allInChain(rules, subjectOf({ method: 'REGISTER' }));
    expect(invoke.map(({ criterion }) => criterion.source.applicationServer.serverName)).toEqual(['a']);
    expect([matched, reject]).toEqual([true, false]);
    expect(allInChain({ ...rules, rejectIfNoMatching: true }, subjectOf({ method: 'BYE' }))).toEqual({
      invoke: [],
      matched: false,
      reject: true,
    });
  });
});
