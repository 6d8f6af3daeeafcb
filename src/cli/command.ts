import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Slipway } from '#control/slipway.ts';
import { Failure } from '#domain/failure.ts';
import type { AwsAccount } from '#operations/account/clients.ts';
import { openOneMachine } from './one-machine.ts';
import { printableLine, tell, tellJson } from './terminal.ts';
import { fitted } from './views/wrapped.ts';

const DEFAULT_STAGE = 'dev';

export type Common = { readonly data: string; readonly json?: boolean };

/** Where a command finds its Slipway: on another machine when `server` is given, in AWS when any of the other options is, else on this machine. */
export type Place = Common & {
  readonly stage?: string;
  readonly profile?: string;
  readonly region?: string;
  readonly server?: string;
};

/** A command that works only on one machine. */
export function localCommand(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .addOption(dataOption())
    .option('--json', 'print JSON for programs');
}

/** A command that works the same on one machine and in AWS. */
export function placedCommand(program: Command, name: string, description: string): Command {
  return awsOptions(
    program
      .command(name)
      .description(description)
      .addOption(dataOption().conflicts(['stage', 'profile', 'region', 'server']))
      .addOption(serverOption()),
  ).option('--json', 'print JSON for programs');
}

function serverOption(): Option {
  return new Option(
    '--server <url>',
    'the control API of another machine, such as https://models.example:8084, with a key in SLIPWAY_KEY',
  )
    .env('SLIPWAY_SERVER')
    .conflicts(['stage', 'profile', 'region']);
}

export function awsOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--stage <stage>',
        `the stage in AWS (default: ${DEFAULT_STAGE} when a profile or region is given, else this machine)`,
      ).env('SLIPWAY_STAGE'),
    )
    .option('--profile <profile>', 'the AWS profile')
    .option('--region <region>', 'the AWS region');
}

/** For a command that looks at no Slipway, so that scripts may give `--data` to every command. */
export function unusedDataOption(): Option {
  return dataOption().hideHelp();
}

function dataOption(): Option {
  return new Option('--data <dir>', "Slipway's folder on this machine")
    .argParser(folder)
    .default(dataFolder());
}

// An empty name, as an unset variable of a shell leaves it, would be the working directory.
function folder(text: string): string {
  if (text !== '') return text;
  throw new InvalidArgumentError('Give a folder.');
}

/** Slipway's folder on this machine where a command names none. */
export function dataFolder(): string {
  return process.env['SLIPWAY_DATA'] || '.slipway';
}

/** The account that the options name, or undefined for this machine. */
export function accountOf({ stage, profile, region }: Omit<Place, 'data'>): AwsAccount | undefined {
  const isAws = [stage, profile, region].some((option) => option !== undefined);
  return isAws ? { stage: stage ?? DEFAULT_STAGE, profile, region } : undefined;
}

/** For a command that needs more of a machine than keys open. Fails with `InputInvalid` where `--server` names another one. */
export function requireHere({ server }: Pick<Place, 'server'>): void {
  if (server === undefined) return;
  throw new Failure('InputInvalid', `this cannot be done on ${server} from here`, {
    fix: 'Run it on that machine itself, without --server and SLIPWAY_SERVER.',
  });
}

export async function openSlipway(place: Place): Promise<Slipway> {
  if (place.server !== undefined) {
    const { openServer } = await import('./server.ts');
    return openServer(place.server, process.env['SLIPWAY_KEY']);
  }
  const account = accountOf(place);
  if (!account) return openOneMachine(place.data);
  // Loaded lazily: the AWS clients take longer to load than most commands take on one machine.
  const { openAwsAccount } = await import('#operations/account/account.ts');
  return openAwsAccount(account);
}

/** Shows a value as JSON where that was asked for, else as lines: a line end within one is shown as `\n`. */
export function show(
  { json }: Pick<Common, 'json'>,
  value: unknown,
  lines: readonly string[],
): void {
  if (json) tellJson(value);
  else for (const line of lines) showLine(line);
}

function showLine(line: string): void {
  for (const part of fitted(printableLine(line), process.stdout.columns)) tell(part);
}

export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

// A leading zero is fine; 0x10, an empty text and Infinity are typing errors.
const DECIMAL = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The decimal number that a text is; NaN where it is none. */
export function decimal(text: string): number {
  return DECIMAL.test(text.trim()) ? Number(text) : Number.NaN;
}

export function integer(text: string): number {
  const value = decimal(text);
  if (Number.isInteger(value)) return value;
  throw new InvalidArgumentError('Give a whole number.');
}

/** The number of a version, as an option's value: they begin with 1. */
export function versionNumber(text: string): number {
  const value = decimal(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new InvalidArgumentError('Give the number of a version, 1 or more.');
}

/** A whole number from 1 up to the most, as an option's value. */
export function integerUpTo(most: number): (text: string) => number {
  return (text) => {
    const value = decimal(text);
    if (Number.isInteger(value) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from 1 to ${most}.`);
  };
}

/** A number above 0, as an option's value. */
export function amount(text: string): number {
  return amountUpTo(Number.MAX_VALUE)(text);
}

/** A number above 0, up to the most. */
export function amountUpTo(most: number): (text: string) => number {
  const limit = most === Number.MAX_VALUE ? '' : `, ${most} at most`;
  return (text) => {
    const value = decimal(text);
    if (value > 0 && value <= most) return value;
    throw new InvalidArgumentError(`Give a number above 0${limit}.`);
  };
}

/** Collects the values of a repeatable option. */
export function collected(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
