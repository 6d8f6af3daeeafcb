import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { Failure } from '#domain/failure.ts';
import { addAccountCommands } from './account-commands.ts';
import { addCostCommand } from './cost-command.ts';
import { addKeyCommands } from './key-commands.ts';
import { addModelCommands } from './model-commands.ts';
import { explainError } from './output.ts';
import { addStartCommand } from './start-command.ts';
import { addVersionCommands } from './version-commands.ts';

const USAGE = 2;
const packageJson: { version: string } = createRequire(import.meta.url)('../../package.json');

/** Runs one command as its user gave it, without the name of the program; answers its exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  try {
    await slipwayProgram().parseAsync(args.length === 0 ? ['help'] : [...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) tell(error, args.includes('--json'));
    return exitCode(error);
  }
  return Number(process.exitCode ?? 0);
}

/** On standard error for a person; a program that asked for JSON is answered in JSON too. */
function tell(error: unknown, isJson: boolean): void {
  console.error(`slipway: ${explainError(error)}`);
  if (!isJson) return;
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const fix = error instanceof Failure ? error.fix : undefined;
  console.log(JSON.stringify({ error: { name, message, fix } }));
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  return error instanceof Failure && error.name === 'InputInvalid' ? USAGE : 1;
}

function slipwayProgram(): Command {
  const program = new Command('slipway')
    .description('Drop a machine-learning model in a bucket, get a REST endpoint.')
    .version(packageJson.version)
    .exitOverride()
    // A command may have a --version of its own.
    .enablePositionalOptions()
    .configureHelp({ sortSubcommands: false })
    .addHelpText(
      'after',
      `
Examples:
  slipway start --demo             start on this machine and deploy a demo model
  slipway push digits.onnx         upload a model and follow its deployment
  slipway status                   what is live, and where
  slipway rollback digits          the version before, live again
  slipway events --follow --json   every event, as it happens, for a program
  slipway status --stage prod      the same commands in AWS (docs/deploy.md)`,
    );
  addStartCommand(program);
  addModelCommands(program);
  addVersionCommands(program);
  addCostCommand(program);
  addKeyCommands(program);
  addAccountCommands(program);
  return program;
}
