import { fileURLToPath } from 'node:url';
import { pythonWith } from '../runtimes/python-environment.ts';
import { startSlipway, temporaryFolder } from '../support/slipway/running.ts';
import { type Fared, sweep } from './sweep.ts';

const REQUIREMENTS = fileURLToPath(
  new URL('../support/differential/requirements.txt', import.meta.url),
);

/** Sweeps on a separate Slipway; `pattern` is a regular expression on `family/name` of the cases, of which one in `oneIn` is taken. */
export async function swept(
  options: { pattern: string; oneIn: number; seed: number },
  report: (fared: Fared) => void = () => {},
): Promise<readonly Fared[]> {
  const python = await pythonWith(REQUIREMENTS);
  if (typeof python === 'object') throw new Error(python.missing);
  await using folder = await temporaryFolder();
  await using slipway = await startSlipway(`${folder.path}/data`);
  const made = `${folder.path}/made`;
  const results = await sweep({ ...options, python, slipway, folder: made, lanes: 2, report });
  await slipway.stop();
  return results;
}
