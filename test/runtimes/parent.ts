import { spawn } from 'node:child_process';

// Run as a process of its own: starts the server it is told of, prints its pid and each of its messages, until it is killed.
const [, , command = '', ...args] = process.argv;
const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
print({ pid: child.pid });
child.on('message', print);

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
