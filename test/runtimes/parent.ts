import { fork } from 'node:child_process';

// Run as a process of its own: forks the server it is told of, prints its pid and each of its messages, until it is killed.
const [, , main = ''] = process.argv;
const child = fork(main, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
print({ pid: child.pid });
child.on('message', print);

function print(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
