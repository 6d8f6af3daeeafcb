import { healthy, serve } from './serve.ts';

const LINE = `${'flood '.repeat(200)}\n`;

/** Writes lines without end from its first request on, which it answers. */
serve(
  healthy((_request, response) => {
    response.end('{}');
    setInterval(() => {
      for (let count = 0; count < 100; count++) process.stdout.write(LINE);
    });
  }),
);
