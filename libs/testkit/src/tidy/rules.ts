// The structure rules of this repository, each a function from a file to what is wrong with it. A rule that a person has to
// remember is broken within a month. Sizes and shapes come from the TypeScript syntax tree, never from indentation.
// Run by tidy.spec.ts over the whole tree; exceptions with reasons are in exceptions.ts.
import path from 'node:path';
import ts from 'typescript';
import type { SourceFile } from './tree.js';

export const FILE_LINES_MAX = 400;
export const SPEC_LINES_MAX = 800;
export const FUNCTION_LINES_MAX = 70;

/** `rule` is the key that exceptions name. */
export type Offence = Readonly<{ rule: string; path: string; line: number; what: string }>;

export const isSpec = (file: string): boolean =>
  /\.(spec|int-spec|contract|fixture)\.ts$/.test(file) ||
  /\/(e2e|sim|scenarios|contract|testdata)\//.test(file);

export const parse = (file: SourceFile): ts.SourceFile =>
  ts.createSourceFile(file.path, file.text, ts.ScriptTarget.ESNext, true);

const lineAt = (source: ts.SourceFile, position: number): number =>
  source.getLineAndCharacterOfPosition(position).line + 1;

const visit = (node: ts.Node, see: (node: ts.Node) => void): void => {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
};

const countLines = (text: string): number => text.split('\n').length - (text.endsWith('\n') ? 1 : 0);

export const fileSize = (file: SourceFile): Offence[] => {
  const most = isSpec(file.path) ? SPEC_LINES_MAX : FILE_LINES_MAX;
  const lines = countLines(file.text);
  return lines <= most
    ? []
    : [{ rule: 'file-size', path: file.path, line: most, what: `${lines} lines, at most ${most}` }];
};

const nameOf = (node: ts.Node): string => {
  if ((ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node)) && node.name)
    return node.name.getText();
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText();
  if (ts.isCallExpression(parent))
    return `argument of ${parent.expression.getText().split('\n', 1)[0] ?? ''}`;
  return 'function';
};

/** Lines from its first to its last, with all that stands in it. */
export const functionSizes = (file: SourceFile, source: ts.SourceFile): Offence[] => {
  if (isSpec(file.path)) return [];
  const offences: Offence[] = [];
  visit(source, (node) => {
    if (!ts.isFunctionLike(node) || !('body' in node) || node.body === undefined) return;
    const first = lineAt(source, node.getStart(source));
    const lines = lineAt(source, node.end) - first + 1;
    if (lines <= FUNCTION_LINES_MAX) return;
    const what = `${nameOf(node)} has ${lines} lines, at most ${FUNCTION_LINES_MAX}`;
    offences.push({ rule: 'function-size', path: file.path, line: first, what });
  });
  return offences;
};

const EMPTY_NAMES = new Set([
  'util',
  'utils',
  'common',
  'helper',
  'helpers',
  'manager',
  'service',
  'services',
  'misc',
  'shared',
  'types',
  'interfaces',
  'base',
]);

/** Names that say nothing, and spellings that the house does not use. */
export const names = (file: SourceFile): Offence[] =>
  file.path.split('/').flatMap((part) => {
    const offence = (what: string): Offence => ({ rule: 'name', path: file.path, line: 1, what });
    const stem = part.split('.', 1)[0] ?? '';
    if (EMPTY_NAMES.has(stem)) return [offence(`'${part}' does not say what is in it`)];
    if (/\.tsx?$/.test(part) && !/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)*\.tsx?$/.test(part)) {
      return [offence(`'${part}' is not kebab-case`)];
    }
    return [];
  });

export const declaredNames = (file: SourceFile, source: ts.SourceFile): Offence[] => {
  const offences: Offence[] = [];
  visit(source, (node) => {
    if (!ts.isInterfaceDeclaration(node) && !ts.isClassDeclaration(node) && !ts.isTypeAliasDeclaration(node))
      return;
    const name = node.name?.text ?? '';
    if (/^I[A-Z][a-z]/.test(name) || /(Impl|Manager|Helper|Utils?)$/.test(name)) {
      offences.push({
        rule: 'name',
        path: file.path,
        line: lineAt(source, node.getStart(source)),
        what: `${name}: no I prefix, no Impl, Manager, Helper or Util`,
      });
    }
  });
  return offences;
};

/** The first line is a comment that says what the file is; an index only lists, a spec is named for what it tests. */
export const header = (file: SourceFile): Offence[] =>
  path.basename(file.path) === 'index.ts' ||
  isSpec(file.path) ||
  /^(\/\/|\/\*)\s*\S|^\/\*\*/.test(file.text) ||
  /^export \{\};?\s*$/.test(file.text)
    ? []
    : [{ rule: 'header', path: file.path, line: 1, what: 'begins without a comment that says what it is' }];

const AMBIENT_CALLS = new Set(['setTimeout', 'setInterval']);
const AMBIENT_MEMBERS = new Set(['Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID']);

/** Time and chance are ports: what reads the machine's own cannot be simulated. */
export const ambient = (file: SourceFile, source: ts.SourceFile): Offence[] => {
  const offences: Offence[] = [];
  const add = (node: ts.Node, what: string) =>
    void offences.push({
      rule: 'ambient',
      path: file.path,
      line: lineAt(source, node.getStart(source)),
      what,
    });
  visit(source, (node) => {
    if (ts.isPropertyAccessExpression(node) && AMBIENT_MEMBERS.has(node.getText())) add(node, node.getText());
    if (
      ts.isCallExpression(node) &&
      ts.isIdentifier(node.expression) &&
      AMBIENT_CALLS.has(node.expression.text)
    ) {
      add(node, node.expression.text);
    }
    if (
      ts.isNewExpression(node) &&
      node.expression.getText() === 'Date' &&
      (node.arguments?.length ?? 0) === 0
    ) {
      add(node, 'new Date()');
    }
  });
  return offences;
};

// Written in pieces, so that this file does not contain what it looks for.
const SILENCERS = new RegExp(
  [
    ['eslint', 'disable'].join('-'),
    `@ts-(${['ignore', 'nocheck', 'expect-error'].join('|')})`,
    `\\b(it|test|describe)\\.(${['only', 'skip', 'todo'].join('|')}|${['fail', 'ing'].join('')})\\b`,
    `\\b[xf](${['it', 'describe'].join('|')})\\(`,
    `\\b${['TO', 'DO'].join('')}\\b|\\b${['FIX', 'ME'].join('')}\\b`,
  ].join('|'),
);

/** What silences a check, and notes of work not done. */
export const silencers = (file: SourceFile): Offence[] =>
  file.text.split('\n').flatMap((line, i) => {
    const [found] = SILENCERS.exec(line) ?? [];
    return found === undefined ? [] : [{ rule: 'silencer', path: file.path, line: i + 1, what: found }];
  });

const MACHINE_PATH = new RegExp(
  ['(^|[^A-Za-z0-9_./-])/(work', 'root', 'home/[a-z][a-z0-9_-]*', 'Users/[A-Za-z]+)/'].join('|'),
);

/** Folders of one machine: nobody else has them. */
export const machinePaths = (file: SourceFile): Offence[] =>
  file.text.split('\n').flatMap((line, i) => {
    const [found] = MACHINE_PATH.exec(line) ?? [];
    return found === undefined
      ? []
      : [{ rule: 'machine-path', path: file.path, line: i + 1, what: found.trim() }];
  });
