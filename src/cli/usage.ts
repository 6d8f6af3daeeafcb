import { type Command, CommanderError } from 'commander';
import { Failure } from '#domain/failure.ts';
import { nearestName } from '#domain/nearest-name.ts';
import { alternativeTo } from './other-words.ts';

/** Wrong usage, as commander found it, with what to type instead, or the help page that says what is right; any other error as it is. */
export function asUsage(error: unknown, program: Command, args: readonly string[]): unknown {
  if (!(error instanceof CommanderError)) return error;
  const [first, ...named] = args;
  // Commander answers `help WORD` with the page of all commands.
  const isHelp = error.code === 'commander.help' && first === 'help';
  const command = commandIn(program, isHelp ? named : args);
  const code = isHelp ? UNKNOWN : error.code;
  const way = wayInstead(code, error.message, command);
  const help = `See \`${['slipway', ...command.path].join(' ')} --help\`.`;
  const message = messageOf(code, error.message, command, args);
  return new Failure('InputInvalid', message, {
    cause: error,
    fix: way ? `${way} ${help}` : help,
  });
}

function messageOf(
  code: string,
  message: string,
  { word }: Named,
  args: readonly string[],
): string {
  if (code === 'commander.help') return `'${args.join(' ')}' is not a command by itself`;
  // Commander's own guess knows neither aliases nor the words of other tools.
  if (code === UNKNOWN) return `unknown command '${word}'`;
  return message.replace(/^error: /, '').replace(/\.$/, '');
}

/** The command that the arguments name, as far as they do, and the first word that follows it, or the empty text. */
type Named = {
  readonly command: Command;
  readonly path: readonly string[];
  readonly word: string;
};

function commandIn(command: Command, args: readonly string[]): Named {
  const [first = '', ...rest] = args;
  const named = command.commands.find((each) => [each.name(), ...each.aliases()].includes(first));
  if (!named) return { command, path: [], word: args.find((each) => !each.startsWith('-')) ?? '' };
  const below = commandIn(named, rest);
  return { ...below, path: [named.name(), ...below.path] };
}

const UNKNOWN = 'commander.unknownCommand';
const UNKNOWN_OPTION = 'commander.unknownOption';
const ASKS_FOR_MODEL = "missing required argument 'model'";

function wayInstead(code: string, message: string, named: Named): string | undefined {
  if (code === UNKNOWN) return commandInstead(named);
  if (code === UNKNOWN_OPTION && named.path.length === 0 && named.word) {
    return 'Put options after their command, as in `slipway status --json`.';
  }
  if (message.includes(ASKS_FOR_MODEL)) return 'Name a model: `slipway status` shows them.';
  const isSurplus = code === 'commander.excessArguments';
  return isSurplus && isPath(named.word) ? pushInstead(named) : undefined;
}

function commandInstead(named: Named): string | undefined {
  const { command, path, word } = named;
  const names = command.commands.flatMap((each) => [each.name(), ...each.aliases()]);
  const meant = nearestName(word, names);
  const near = meant && `Did you mean \`${['slipway', ...path, meant].join(' ')}\`?`;
  if (path.length > 0) return near;
  return isPath(word) ? pushInstead(named) : (alternativeTo(word) ?? near);
}

function pushInstead({ word }: Named): string {
  return `To deploy a model: \`slipway push ${word}\`.`;
}

function isPath(word: string): boolean {
  return /[./\\]/.test(word);
}
