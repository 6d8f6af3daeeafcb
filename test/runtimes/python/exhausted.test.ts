import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { onPython } from '../python-runtime.ts';
import type { Runtime } from '../runtime.ts';

const run = promisify(execFile);

await onPython(describeExhausted);

/** How a framework's error is answered. */
const REFUSED = `
import json, sys
import numpy as np
from slipway_server.adapters import _refused_by_framework as refused

class XGBoostError(ValueError): pass

def too_large():
    np.empty(10**15)

try:
    error = eval(sys.argv[1])
except Exception as raised:
    error = raised
answer = refused(error)
print(json.dumps([answer.status, answer.message]))
`;

function describeExhausted({ command: [python], env }: Runtime): void {
  const answered = async (error: string) => {
    const { stdout } = await run(python, ['-c', REFUSED, error], { env });
    return JSON.parse(stdout);
  };

  it.each([
    'MemoryError()',
    'too_large()',
    'XGBoostError("std::bad_alloc")',
    'RuntimeError("can\'t start new thread")',
    'OSError(28, "No space left on device")',
    'ModuleNotFoundError("no module named pandas")',
  ])("what the server had too little of is not the client's fault: %s", async (error) => {
    expect(await answered(error)).toEqual([
      503,
      expect.stringMatching(/^the server could not run the model: ./),
    ]);
  });

  it.each(['ValueError("X has 3 features")', 'XGBoostError("unknown category")'])(
    'what a framework says of the inputs is: %s',
    async (error) => {
      expect(await answered(error)).toEqual([
        400,
        expect.stringMatching(/^the model refused the inputs: ./),
      ]);
    },
  );
}
