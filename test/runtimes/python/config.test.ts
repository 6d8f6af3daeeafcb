import { WRONG } from '../contract/config.ts';
import { modelFolder, stopServers } from '../model-server.ts';
import { onPython } from '../python-runtime.ts';
import { type PythonSnippets, pythonSnippets } from '../python-snippets.ts';
import type { Env, Runtime } from '../runtime.ts';

await onPython(describeConfig);

function describeConfig(runtime: Runtime): void {
  let python: PythonSnippets;
  let right: Env;
  beforeAll(async () => {
    python = pythonSnippets(runtime);
    const folder = await modelFolder({ 'facts.json': '{"format":"python"}' });
    right = { MODEL_PATH: folder, MODEL_NAME: 'm', MODEL_FACTS: `${folder}/facts.json` };
  });
  afterAll(async () => {
    python.close();
    await stopServers();
  });

  /** The configuration read from an environment, or the reason for its refusal. */
  const read = (env: Env) =>
    python.said(`
import dataclasses, json
from slipway_server.config import read_config
try: print(json.dumps(dataclasses.asdict(read_config(json.loads(${JSON.stringify(JSON.stringify(env))})))))
except ValueError as error: print(json.dumps(str(error)))
`);

  it.each(WRONG)('refuses an environment: $says', async ({ env, says }) => {
    expect(await read({ ...right, ...env })).toBe(says);
  });

  it('takes at most 10 MiB, and drains for at most 10 s, unless it is told otherwise', async () => {
    expect(await read(right)).toMatchObject({ max_body_bytes: 10 * 2 ** 20, drain_seconds: 10 });
  });

  it('takes each alias once, and its own name for none', async () => {
    expect(await read({ ...right, MODEL_ALIASES: 'a,m,b,a' })).toMatchObject({
      aliases: ['a', 'b'],
    });
  });
}
