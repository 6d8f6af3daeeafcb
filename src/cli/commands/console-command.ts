import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import { findInstance } from '../client.ts';
import { type Common, examples, localCommand } from '../command.ts';
import { machineControl } from '../one-machine.ts';
import { commandOutput } from '../output.ts';

type Options = Common & { readonly open: boolean };

/** Adds the command that opens the console of this machine's Slipway in a browser. */
export function addConsoleCommand(program: Command): void {
  localCommand(
    program,
    'console',
    'Opens the console in a browser: models, deployments, events, and a drop for new ones.',
  )
    .option('--no-open', 'only print the link')
    .addHelpText('after', examples('slipway console', 'slipway console --no-open'))
    .action(async (options: Options) => {
      const output = commandOutput(options);
      const { url } = await machineControl(await findInstance(options.data)).inviteToConsole();
      output.line(url);
      output.data({ url });
      if (options.open && !options.json) await openInBrowser(url);
    });
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
