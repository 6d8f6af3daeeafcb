import { readFileSync } from 'node:fs';
import { behaviourOf } from './behaviour.ts';

/** Runs the server that the model file names, so that versions of one model can behave differently; else the real one. */
const behaviour = behaviourOf(readFileSync(String(process.env['MODEL_PATH'])));
await import(behaviour ? `./${behaviour}.ts` : '../../../runtimes/onnx/main.ts');
