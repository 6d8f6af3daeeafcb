import { spawn } from 'node:child_process';
import { modelChannel } from '#adapters/local/servers/model-channel.ts';

// Run as a separate process: starts the server given by its arguments, prints its pid and each of its messages, until it is killed.
const [, , command = '', ...args] = process.argv;
const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'pipe'] });
print({ pid: child.pid });
modelChannel(child).onMessage(print);
// The channel alone keeps no process alive.
child.once('exit', () => process.exit());

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
