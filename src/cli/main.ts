#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command, CommanderError, Option } from 'commander';
import { readLocalConfig } from '#compose/config.ts';
import { Failure } from '#domain/failure.ts';
import { addAccountCommands } from './account-commands.ts';
import { type Common, collected, examples, integer, localCommand } from './command.ts';
import { addKeyCommands } from './key-commands.ts';
import { addModelCommands } from './model-commands.ts';
import { commandOutput, explainError } from './output.ts';
import { addVersionCommands } from './version-commands.ts';

const USAGE = 2;
const packageJson: { version: string } = createRequire(import.meta.url)('../../package.json');

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

localCommand(
  program,
  'start',
  'Starts Slipway on this machine: bucket folder, gateway and control API on 127.0.0.1.',
)
  .option('--demo', 'deploy the demo model, call it and print its answer')
  .option('--once', 'with --demo: stop after the answer; exit 0 only if it is right')
  .addOption(
    new Option(
      '--engine <engine>',
      'what runs models: processes, or containers of images built here',
    )
      .choices(['process', 'docker'])
      .default('process'),
  )
  .option('--port <n>', "the gateway's first port to try", integer, 8080)
  .option('--control-port <n>', "the control API's first port to try", integer, 8081)
  .option(
    '--webhook <url>',
    'where each event is posted, signed with SLIPWAY_WEBHOOK_SECRET; may be repeated',
    collected,
    [],
  )
  .addHelpText(
    'after',
    examples('slipway start --demo --once', 'slipway start --data /srv/slipway --port 9000'),
  )
  .action(
    async (
      options: Common & {
        engine: string;
        demo?: boolean;
        once?: boolean;
        port: number;
        controlPort: number;
        webhook: readonly string[];
      },
    ) => {
      // It loads all that runs models, which the other commands do without.
      const { start } = await import('./start.ts');
      const isRight = await start({
        config: readLocalConfig({
          dataDir: options.data,
          engine: options.engine,
          gatewayPort: options.port,
          controlPort: options.controlPort,
          webhooks: options.webhook,
          webhookSecret: process.env['SLIPWAY_WEBHOOK_SECRET'],
        }),
        demo: options.demo ?? false,
        once: options.once ?? false,
        output: commandOutput(options),
      });
      process.exitCode = isRight ? 0 : 1;
    },
  );

addModelCommands(program);
addVersionCommands(program);
addKeyCommands(program);
addAccountCommands(program);

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

function exitCode(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  return error instanceof Failure && error.name === 'InputInvalid' ? USAGE : 1;
}
