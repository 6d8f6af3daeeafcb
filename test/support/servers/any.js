// `any.ts` by what Node keeps of what it has compiled: half of what a start takes. Plain, so that nothing is compiled before that.
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const compiled = fileURLToPath(new URL('../../../node_modules/.cache/compiled', import.meta.url));
enableCompileCache(compiled);
// For the threads that it starts.
process.env.NODE_COMPILE_CACHE = compiled;
await import('./any.ts');
