import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { findInstance } from '../client.ts';
import {
  examples,
  integer,
  openSlipway,
  type Place,
  placedCommand,
  requireHere,
} from '../command.ts';
import { onInterrupt } from '../interrupt.ts';
import { machineControl } from '../one-machine.ts';
import { commandOutput, type Output } from '../output.ts';

type Options = Place & { readonly open: boolean; readonly port: number };

/** Adds the command that opens the console in a browser: that of this machine's Slipway, or one that is served here for an account. */
export function addConsoleCommand(program: Command): void {
  placedCommand(
    program,
    'console',
    'Opens the console in a browser: it shows models, deployments and events, and uploads new models. For a stage in AWS it is served on this machine, with your own credentials, until Ctrl-C.',
  )
    .option('--no-open', 'only print the link')
    .option(
      '--port <n>',
      'with --stage: the port on which it is served; 0 is any free port',
      integer,
      0,
    )
    .addHelpText('after', examples('slipway console', 'slipway console --stage prod --no-open'))
    .action(async (options: Options) => {
      const output = commandOutput(options);
      if (options.stage || options.profile || options.region)
        return serveForAccount(options, output);
      requireHere(options);
      const { url } = await machineControl(await findInstance(options.data)).inviteToConsole();
      await show(url, options, output);
    });
}

async function serveForAccount(options: Options, output: Output): Promise<void> {
  const slipway = await openSlipway(options);
  const { serveAccountConsole } = await import('#compose/account-console.ts');
  const served = await serveAccountConsole(slipway, options.port);
  using interrupt = onInterrupt();
  await show(served.link, options, output);
  output.line('serving until Ctrl-C');
  await new Promise<void>((done) => {
    interrupt.signal.addEventListener('abort', () => done(), { once: true });
  });
  await served.close();
}

async function show(url: string, { open, json }: Options, output: Output): Promise<void> {
  output.line(url);
  output.data({ url });
  if (open && !json) await openInBrowser(url);
}

/** Where there is no browser the link is printed all the same. */
async function openInBrowser(url: string): Promise<void> {
  const [command, ...args] = OPENERS[process.platform] ?? ['xdg-open'];
  const opener = spawn(command ?? 'xdg-open', [...args, url], { stdio: 'ignore', detached: true });
  await new Promise<void>((done) => {
    opener.once('error', () => done());
    opener.once('spawn', () => done());
  });
  opener.unref();
}

const OPENERS: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
};
