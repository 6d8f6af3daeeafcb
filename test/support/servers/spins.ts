import { healthy, serve } from './serve.ts';

/** Computes for ever from its first request on, without a look at its events: neither SIGTERM nor a closed channel reaches it. */
serve(
  healthy(() => {
    process.stdout.write('it spins\n');
    for (;;);
  }),
);
