// One question for all who ask while it is under way, and what becomes of those beyond the bound.
import { AskedOnce } from './asked-once.js';

const setUp = (askedMax: number) => {
  const asked: string[] = [];
  const once = new AskedOnce<string>(askedMax);
  const ask = (question: string) =>
    once.ask(question, () => {
      asked.push(question);
      return Promise.resolve(question.toUpperCase());
    });
  return { asked, ask };
};

it('is asked once for all, and again when it was answered', async () => {
  const { asked, ask } = setUp(10);
  expect(await Promise.all([ask('a'), ask('a'), ask('b')])).toEqual(['A', 'A', 'B']);
  await ask('a');
  expect(asked).toEqual(['a', 'b', 'a']);
});

it('at the bound each asks for himself, and is answered all the same', async () => {
  const { asked, ask } = setUp(1);
  expect(await Promise.all([ask('a'), ask('b'), ask('b'), ask('a')])).toEqual(['A', 'B', 'B', 'A']);
  expect(asked).toEqual(['a', 'b', 'b']);
});
