import type { Command, Option } from 'commander';

/** The words that may follow on a command line; the shell itself lists `files`. */
export type Candidates =
  | { readonly kind: 'files' }
  | { readonly kind: 'words'; readonly words: readonly Candidate[] };
export type Candidate = { readonly value: string; readonly about: string };

/** The models that a command line would find, by the words of it. */
export type ModelNames = (words: readonly string[]) => Promise<readonly string[]>;

const FILES: Candidates = { kind: 'files' };
const NOTHING: Candidates = { kind: 'words', words: [] };
// The placeholders of the program that stand for a model, and those that stand for a path.
const MODELS: readonly string[] = ['model'];
const PATHS: readonly string[] = ['path', 'dir', 'file'];

/** The words that may stand in place of the last of these, which all follow the program's name. They are read from the program itself, so a new command needs nothing here. */
export async function candidatesFor(
  program: Command,
  words: readonly string[],
  models: ModelNames,
): Promise<Candidates> {
  const line = withoutEquals(words);
  const current = line.at(-1) ?? '';
  const before = readLine(program, line.slice(0, -1));
  return begunWith(current, await candidatesAfter(before, current, () => models(line)));
}

type Names = () => Promise<readonly string[]>;

async function candidatesAfter(
  { command, options, operands, awaiting }: Line,
  current: string,
  models: Names,
): Promise<Candidates> {
  if (awaiting) return valuesOf(placeholderOf(awaiting), awaiting.argChoices, models);
  if (current.startsWith('-')) {
    return current.includes('=') ? joinedValues(options, current, models) : optionsOf(command);
  }
  if (operands === 0 && command.commands.length > 0) return namesOf(command);
  const expected = command.registeredArguments;
  const argument = expected[operands] ?? expected.findLast(({ variadic }) => variadic);
  return argument ? valuesOf(argument.name(), argument.argChoices, models) : NOTHING;
}

/** The values of an option that is written `--option=value`. */
async function joinedValues(
  options: readonly Option[],
  current: string,
  models: Names,
): Promise<Candidates> {
  const [flag = ''] = current.split('=');
  const option = options.find(isCalled(flag));
  const found = option && (await valuesOf(placeholderOf(option), option.argChoices, models));
  if (found?.kind !== 'words') return NOTHING;
  const words = found.words.map(({ value, about }) => ({ value: `${flag}=${value}`, about }));
  return { kind: 'words', words };
}

type Line = {
  readonly command: Command;
  readonly options: readonly Option[];
  /** How many words the command was given that are no options. */
  readonly operands: number;
  /** The option whose value comes next. */
  readonly awaiting: Option | undefined;
};

function readLine(program: Command, words: readonly string[]): Line {
  let line: Line = { command: program, options: program.options, operands: 0, awaiting: undefined };
  for (const word of words) line = readWord(line, word);
  return line;
}

function readWord(line: Line, word: string): Line {
  const { command, options, operands, awaiting } = line;
  if (awaiting) return { ...line, awaiting: undefined };
  const option = options.find(isCalled(word));
  if (option) return { ...line, awaiting: option.required ? option : undefined };
  if (word.startsWith('-')) return line;
  const below = command.commands.find((each) => [each.name(), ...each.aliases()].includes(word));
  return operands === 0 && below
    ? { ...line, command: below, options: below.options }
    : { ...line, operands: operands + 1 };
}

function isCalled(flag: string): (option: Option) => boolean {
  return ({ short, long }) => flag === short || flag === long;
}

async function valuesOf(
  name: string,
  choices: readonly string[] | undefined,
  models: Names,
): Promise<Candidates> {
  if (choices) return wordsOf(choices);
  if (MODELS.includes(name)) return wordsOf(await models());
  return PATHS.includes(name) ? FILES : NOTHING;
}

/** `dir` of `--data <dir>`; the models' own option is called after what it narrows. */
function placeholderOf({ flags, long }: Option): string {
  if (long === '--model') return 'model';
  return /<(\w+)>/.exec(flags)?.[1] ?? '';
}

function namesOf(command: Command): Candidates {
  const visible = command.createHelp().visibleCommands(command);
  const words = visible.flatMap((each) =>
    [each.name(), ...each.aliases()].map((value) => ({ value, about: each.description() })),
  );
  return { kind: 'words', words };
}

function optionsOf(command: Command): Candidates {
  const visible = command.createHelp().visibleOptions(command);
  const words = visible.flatMap(({ long, description }) =>
    long ? [{ value: long, about: description }] : [],
  );
  return { kind: 'words', words };
}

function wordsOf(values: readonly string[]): Candidates {
  return { kind: 'words', words: values.map((value) => ({ value, about: '' })) };
}

function begunWith(current: string, candidates: Candidates): Candidates {
  if (candidates.kind === 'files') return candidates;
  const words = candidates.words.filter(({ value }) => value.startsWith(current));
  return { kind: 'words', words };
}

/** Bash takes `--engine=docker` apart into three words. */
function withoutEquals(words: readonly string[]): readonly string[] {
  const kept = words.filter((word) => word !== '=');
  return words.at(-1) === '=' ? [...kept, ''] : kept;
}
