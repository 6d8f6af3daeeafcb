import { createRequire } from 'node:module';
import { Command, CommanderError, Help, Option } from 'commander';
import { Failure } from '#domain/failure.ts';
import { addAccountCommands } from './commands/account-commands.ts';
import { addCaptureCommands } from './commands/capture-commands.ts';
import { addCompletionCommands } from './commands/completion-commands.ts';
import { addConsoleCommand } from './commands/console-command.ts';
import { addCostCommand } from './commands/cost-command.ts';
import { addDataCommands } from './commands/data-commands.ts';
import { addGitCommands } from './commands/git-commands.ts';
import { addKeyCommands } from './commands/key-commands.ts';
import { addMlflowCommand } from './commands/mlflow-command.ts';
import { addModelCommands } from './commands/model-commands.ts';
import { addPromotionCommands } from './commands/promotion-commands.ts';
import { addProveCommand } from './commands/prove-command.ts';
import { addServiceCommand } from './commands/service-command.ts';
import { addStartCommand } from './commands/start-command.ts';
import { addVersionCommands } from './commands/version-commands.ts';
import { addWhatifCommand } from './commands/whatif-command.ts';
import { explainError } from './output.ts';
import { printable, tell, tellJson, warn } from './terminal.ts';
import { asTyped, helpAsTyped } from './typed.ts';
import { asUsage } from './usage.ts';

const USAGE = 2;
const HELP = new Help();
const packageJson: { version: string } = createRequire(import.meta.url)('../../package.json');

/** Runs one command from its arguments, without the program's name; returns its exit code. */
export async function runCommand(args: readonly string[]): Promise<number> {
  const program = slipwayProgram();
  try {
    await program.parseAsync(args.length === 0 ? ['help'] : [...args], { from: 'user' });
  } catch (error) {
    const code = exitCode(error);
    if (code !== 0) tellError(asUsage(error, program, args), args.includes('--json'));
    return code;
  }
  return Number(process.exitCode ?? 0);
}

/** Prints the error to stderr for a person, and as JSON to stdout for a program that requested JSON. */
function tellError(error: unknown, isJson: boolean): void {
  warn(`slipway: ${explainError(error)}`);
  if (isJson) tellJson({ error: asJson(error) });
}

function asJson(error: unknown) {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name, message, fix: error instanceof Failure ? error.fix : undefined };
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  return error instanceof Failure && error.name === 'InputInvalid' ? USAGE : 1;
}

export function slipwayProgram(): Command {
  const program = new Command('slipway')
    .description('Drop a machine-learning model in a bucket, get a REST endpoint.')
    .version(packageJson.version, '-v, --version')
    .addOption(new Option('-V').hideHelp())
    .on('option:V', () => {
      tell(packageJson.version);
      throw new CommanderError(0, 'commander.version', packageJson.version);
    })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(printable(helpAsTyped(text))),
      writeErr: (text) => process.stderr.write(printable(helpAsTyped(text))),
      // The error is printed with the help page, which says what is right.
      outputError: () => {},
    })
    // A command may have a --version of its own.
    .enablePositionalOptions()
    .configureHelp({
      sortSubcommands: false,
      // Before the text is wrapped: a line end within a command would keep it from being recognized.
      commandDescription: (command) => asTyped(HELP.commandDescription(command)),
      subcommandDescription: (command) => asTyped(HELP.subcommandDescription(command)),
      // A repeatable option begins with an empty list, which says nothing to a reader.
      optionDescription: (option) =>
        asTyped(HELP.optionDescription(option).replace(' (default: [])', '')),
    })
    .addHelpText(
      'after',
      `
Examples:
  slipway start --demo             start on this machine and deploy a demo model
  slipway push digits.onnx         upload a model and follow its deployment
  slipway status                   what is live, and where
  slipway rollback digits          make the version before live again
  slipway events --follow --json   every event, as it happens, for a program
  slipway status --stage prod      the same commands in AWS (docs/deploy.md)`,
    );
  addStartCommand(program);
  addServiceCommand(program);
  addConsoleCommand(program);
  addMlflowCommand(program);
  addModelCommands(program);
  addVersionCommands(program);
  addCaptureCommands(program);
  addPromotionCommands(program);
  addCostCommand(program);
  addWhatifCommand(program);
  addDataCommands(program);
  addGitCommands(program);
  addKeyCommands(program);
  addAccountCommands(program);
  addProveCommand(program);
  addCompletionCommands(program);
  return program;
}
