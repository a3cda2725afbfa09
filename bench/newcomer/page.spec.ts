import { commandsIn } from './page.js';

const PAGE = `# A page

## With docker

\`\`\`sh terminal=1
other
\`\`\`

## Without docker

text

\`\`\`sh terminal=1
one
\`\`\`

\`\`\`sh terminal=3 step=lose
two &&
three
\`\`\`

\`\`\`sh
not typed
\`\`\`

## And so on
`;

it('finds what is typed in a section, with its terminal and its step', () => {
  expect(commandsIn(PAGE, 'Without docker')).toEqual([
    { terminal: 1, step: '', command: 'one' },
    { terminal: 3, step: 'lose', command: 'two &&\nthree' },
  ]);
});

it('refuses a section that is not there', () => {
  expect(() => commandsIn(PAGE, 'Elsewhere')).toThrow('there is no section "Elsewhere"');
});
