#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { readLocalConfig } from '#compose/config.ts';
import { Failure } from '#domain/failure.ts';
import { findInstance, readEvents } from './client.ts';
import { eventLine } from './event-line.ts';
import { logs } from './logs.ts';
import { commandOutput, explainError } from './output.ts';
import { push } from './push.ts';
import { start } from './start.ts';
import { status, statusLines } from './status.ts';

const USAGE = 2;
const packageJson: { version: string } = createRequire(import.meta.url)('../../package.json');

type Common = { readonly data: string; readonly json?: boolean };

const program = new Command('slipway')
  .description('Drop a machine-learning model in a bucket, get a REST endpoint.')
  .version(packageJson.version)
  .exitOverride()
  .configureHelp({ sortSubcommands: false })
  .addHelpText(
    'after',
    `
Examples:
  slipway start --demo             start on this machine and deploy a demo model
  slipway push digits.onnx         upload a model and follow its deployment
  slipway status                   what is live, and where
  slipway events --follow --json   every event, as it happens, for a program`,
  );

command(
  'start',
  'Starts Slipway on this machine: bucket folder, gateway and control API on 127.0.0.1.',
)
  .option('--demo', 'deploy the demo model, call it and print its answer')
  .option('--once', 'with --demo: stop after the answer; exit 0 only if it is right')
  .option('--port <n>', "the gateway's first port to try", integer, 8080)
  .option('--control-port <n>', "the control API's first port to try", integer, 8081)
  .addHelpText(
    'after',
    examples('slipway start --demo --once', 'slipway start --data /srv/slipway --port 9000'),
  )
  .action(
    async (
      options: Common & { demo?: boolean; once?: boolean; port: number; controlPort: number },
    ) => {
      const isRight = await start({
        config: readLocalConfig({
          dataDir: options.data,
          gatewayPort: options.port,
          controlPort: options.controlPort,
        }),
        demo: options.demo ?? false,
        once: options.once ?? false,
        output: commandOutput(options),
      });
      process.exitCode = isRight ? 0 : 1;
    },
  );

command(
  'push <path>',
  'Uploads a model (a file, or a folder with its model.yaml) and follows its deployment.',
)
  .option('--name <name>', "the model's name (default: the file's stem)")
  .addHelpText(
    'after',
    examples('slipway push digits.onnx', 'slipway push ./my-folder --name digits'),
  )
  .action(async (path: string, options: Common & { name?: string }) => {
    const { data: dataDir, name } = options;
    const output = commandOutput(options);
    const end = await push(path, { dataDir, name, output });
    output.data(end);
    process.exitCode = ['Live', 'Ignored'].includes(end.detail.state) ? 0 : 1;
  });

command('status', 'Shows each model: what is live, where, and how its newest deployment stands.')
  .addHelpText('after', examples('slipway status', 'slipway status --json'))
  .action(async (options: Common) => {
    const found = await status(options.data);
    show(options, found, statusLines(found));
  });

command('events', 'Shows the events, oldest first.')
  .option('--model <name>', 'of this model only')
  .option('--follow', 'wait for the ones to come')
  .addHelpText('after', examples('slipway events --model digits', 'slipway events --follow --json'))
  .action(async (options: Common & { model?: string; follow?: boolean }) => {
    const { control } = await findInstance(options.data);
    const narrowed = options.model === undefined ? {} : { model: options.model };
    for await (const { event } of readEvents(control, {
      ...narrowed,
      follow: options.follow ?? false,
    })) {
      show(options, event, [`${event.detail.time}  ${eventLine(event)}`]);
    }
  });

command('logs <model>', "Shows the last lines that the model's newest revision wrote.")
  .addHelpText('after', examples('slipway logs digits'))
  .action(async (model: string, options: Common) => {
    const found = await logs(options.data, model);
    show(options, found, found.lines);
  });

// A reader such as `head` has seen enough.
process.stdout.on('error', () => process.exit());

try {
  const isBare = process.argv.length === 2;
  await program.parseAsync(isBare ? [...process.argv, 'help'] : process.argv);
} catch (error) {
  process.exitCode = exitCode(error);
  if (!(error instanceof CommanderError)) console.error(`slipway: ${explainError(error)}`);
}
// Connections that a command left open are of no use to it any more.
process.exit();

function command(nameAndArguments: string, description: string): Command {
  return program
    .command(nameAndArguments)
    .description(description)
    .option('--data <dir>', "Slipway's folder", process.env['SLIPWAY_DATA'] ?? '.slipway')
    .option('--json', 'print JSON for programs');
}

function show({ json }: Common, value: unknown, lines: readonly string[]): void {
  for (const line of json ? [JSON.stringify(value)] : lines) console.log(line);
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}

function integer(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value)) return value;
  throw new InvalidArgumentError('a whole number is needed.');
}

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  return error instanceof Failure && error.name === 'InputInvalid' ? USAGE : 1;
}
