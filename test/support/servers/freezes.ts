import { healthy, serve } from './serve.ts';

/** Stands still for ever from its first request on, as code in a loop does, but at no cost: neither SIGTERM nor a closed channel reaches it. */
serve(
  healthy(() => {
    process.stdout.write('it freezes\n');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }),
);
