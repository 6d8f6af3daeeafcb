import { healthy, serve } from './serve.ts';

serve(
  healthy(() => {
    process.stderr.write('the kernel divided by zero\n');
    process.exit(3);
  }),
);
