import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

/**
 * Fills `folder` with what Node makes of the modules of a model server, once, by a start without a model, which ends as soon as it has loaded them.
 * Model servers read it and write nothing there: what one of them could leave would be run by all others.
 * With it the ONNX server is ready after 77 ms instead of 200; whoever starts before it is filled goes without.
 */
export function compileServer(entry: string, folder: string): void {
  if (existsSync(folder)) return;
  const once = spawn(process.execPath, [entry], {
    env: { NODE_COMPILE_CACHE: folder },
    stdio: 'ignore',
  });
  once.on('error', () => {});
  once.unref();
}
