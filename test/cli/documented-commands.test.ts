import { readdirSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { slipwayProgram } from '../../src/cli/program.ts';

const ROOT = new URL('../../', import.meta.url);
const filesIn = (folder: string, end: string) =>
  readdirSync(new URL(folder, ROOT), { recursive: true })
    .map((name) => `${folder}/${name}`)
    .filter((path) => path.endsWith(end));
const read = (path: string) => ({ path, text: readFileSync(new URL(path, ROOT), 'utf8') });

const documents = ['README.md', ...filesIn('docs', '.md')].map(read);
/** The sources with a word in each placeholder, and spans of code as in a document. */
const sources = filesIn('src', '.ts')
  .map(read)
  .map(({ path, text }) => ({
    path,
    text: text.replaceAll(/\$\{[^}]*\}/g, 'X').replaceAll('\\`', '`'),
  }));

const COMMAND = /^(?:npm run -s slipway --|slipway) (?<words>[a-z-]+(?: .*)?)$/;

/** The commands in spans of code and at the begin of lines, as people would type them. */
function commandsIn(text: string): readonly string[] {
  const spans = Array.from(text.matchAll(/`([^`\n]+)`/g), ([, it = '']) => it);
  return [...spans, ...text.split('\n')].flatMap((line) => {
    const words = COMMAND.exec(line)?.groups?.['words'];
    return words ? [words.replace(/\s+#.*$/, '').replaceAll(/[[\]]/g, '')] : [];
  });
}

/** The fault in a command; undefined for one that is right as far as it goes: words may be left out at its end. */
function wrong(words: readonly string[], within: Command = slipwayProgram()): string | undefined {
  const [name = '', ...rest] = words;
  const command = within.commands.find((it) => [it.name(), ...it.aliases()].includes(name));
  if (!command) return `there is no command ${name}`;
  if (command.commands.length > 0 && rest.length > 0) return wrong(rest, command);
  return wrongAfter(command, rest);
}

function wrongAfter(command: Command, words: readonly string[]): string | undefined {
  const optionOf = (word = '') =>
    command.options.find(({ short, long }) => [short, long].includes(word));
  const isOption = (word: string) => word.startsWith('-');
  const unknown = words.find((word) => isOption(word) && !optionOf(word) && word !== '--help');
  if (unknown) return `${command.name()} has no option ${unknown}`;
  const plain = words.filter((word, at) => {
    const before = optionOf(words[at - 1]);
    return !isOption(word) && (!before || before.isBoolean());
  });
  const takes = command.registeredArguments;
  const extra = takes.at(-1)?.variadic ? undefined : plain[takes.length];
  return extra && `${command.name()} takes no ${extra}`;
}

describe.each([
  { what: 'the documents', texts: documents, least: 50 },
  { what: 'what Slipway says', texts: sources, least: 30 },
])('$what', ({ texts, least }) => {
  it('names commands that can be typed', () => {
    const found = texts.flatMap(({ path, text }) =>
      commandsIn(text).map((command) => ({ path, command })),
    );
    const faults = found.flatMap(({ path, command }) => {
      const fault = wrong(command.split(/\s+/));
      return fault ? [`${path}: slipway ${command}: ${fault}`] : [];
    });

    expect(found.length).toBeGreaterThan(least);
    expect(faults).toEqual([]);
  });
});

describe('a command', () => {
  it.each([
    ['versions digits old', 'versions takes no old'],
    ['push a --loud', 'push has no option --loud'],
    ['keys make x', 'there is no command make'],
    ['cast', 'there is no command cast'],
    ['promote digits --from staging', undefined],
  ])('%s is held to what there is', (command, fault) => {
    expect(wrong(command.split(' '))).toBe(fault);
  });
});

describe('a help page', () => {
  const pages = (command: Command): readonly string[] => [
    command.helpInformation(),
    ...command.commands.flatMap(pages),
  ];

  it('ends no line within the name of a command, and shows no empty list as a default', () => {
    const all = pages(slipwayProgram());

    expect(all.length).toBeGreaterThan(40);
    expect(all.filter((page) => /`slipway\n|\(default: \[\]\)/.test(page))).toEqual([]);
  });
});
