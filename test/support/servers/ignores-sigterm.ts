import { healthy, serve } from './serve.ts';

serve(healthy((_request, response) => response.end('{}')));
process.removeAllListeners('SIGTERM').on('SIGTERM', () => undefined);
