import type { Command } from 'commander';
import { Failure } from '#domain/failure.ts';
import {
  accountOf,
  amount,
  examples,
  integer,
  openSlipway,
  type Place,
  placedCommand,
} from '../command.ts';
import { onInterrupt } from '../interrupt.ts';
import { commandOutput } from '../output.ts';

const EVERY_SECONDS = 30;

type Options = Place & {
  readonly every: number;
  readonly once?: boolean;
  readonly listen?: number;
  readonly hookUrl?: string;
};

/** Adds the command that follows a registry of MLflow. */
export function addMlflowCommand(program: Command): void {
  placedCommand(
    program,
    'mlflow <url>',
    "Deploys the version that MLflow's registry calls champion, follows this alias, and writes the outcome there as tags.",
  )
    .option('--every <seconds>', 'how often it looks at the registry', amount, EVERY_SECONDS)
    .option('--once', 'look once, and end')
    .option(
      '--listen <port>',
      'also have MLflow report each move by a signed webhook to this port of 127.0.0.1',
      integer,
    )
    .option(
      '--hook-url <url>',
      'the address by which MLflow reaches that port (default: the port on 127.0.0.1)',
    )
    .addHelpText(
      'after',
      examples(
        'slipway mlflow http://127.0.0.1:5000',
        'slipway mlflow https://mlflow.example --stage prod --once',
      ),
    )
    .action(async (url: string, options: Options) => {
      if (!/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
        throw new Failure('InputInvalid', `${url} is not the address of an MLflow server`, {
          fix: 'Give one such as http://127.0.0.1:5000.',
        });
      }
      const output = commandOutput(options);
      using interrupt = onInterrupt();
      const { bridge } = await import('#operations/mlflow/bridge.ts');
      await bridge({
        mlflow: url,
        slipway: await openSlipway(options),
        stage: accountOf(options)?.stage,
        everySeconds: options.every,
        once: options.once ?? false,
        hooks:
          options.listen === undefined ? undefined : { port: options.listen, url: options.hookUrl },
        environment: process.env,
        report: output.line,
        signal: interrupt.signal,
      });
    });
}
