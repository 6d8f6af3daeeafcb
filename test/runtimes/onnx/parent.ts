import { fork } from 'node:child_process';

// Run as a process of its own: forks the server it is told of and prints each of its messages, until it is killed.
const [, , main = ''] = process.argv;
fork(main, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }).on('message', (message) => {
  process.stdout.write(`${JSON.stringify(message)}\n`);
});
