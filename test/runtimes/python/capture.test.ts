import vectors from '../../fixtures/hpke.json' with { type: 'json' };
import { onPython } from '../python-runtime.ts';
import { type PythonSnippets, pythonSnippets } from '../python-snippets.ts';
import type { Runtime } from '../runtime.ts';

await onPython(describeSeal);

function describeSeal(runtime: Runtime): void {
  let python: PythonSnippets;
  beforeAll(() => {
    python = pythonSnippets(runtime);
  });
  afterAll(() => python.close());

  it('what the Python server seals is what another library of HPKE opens', async () => {
    const sealed = await python.said(`
import json
from slipway_server.capture.seal import seal
said = json.loads(${JSON.stringify(JSON.stringify(vectors))})
enc, sealed = seal(bytes.fromhex(said["public"]), said["message"].encode(), said["about"].encode(), bytes.fromhex(said["sender"]))
print(json.dumps({"enc": enc.hex(), "sealed": sealed.hex()}))
`);

    expect(sealed).toEqual({ enc: vectors.enc, sealed: vectors.sealed });
  });

  it('it does not seal for a key of zeros, which stands for a dropped one', async () => {
    const refused = await python.said(`
import json
from slipway_server.capture.seal import seal
try:
    seal(bytes(32), b"message", b"about")
except OSError as error:
    print(json.dumps(str(error)))
`);

    expect(refused).toBe('OpenSSL refused');
  });
}
