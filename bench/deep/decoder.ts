import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { filesIn } from '../../test/support/models/files-in.ts';
import { pythonOf } from '../beside/python.ts';
import type { Subject } from '../beside/subject.ts';

const PROMPT = 'once upon a time the cat';
const TOKENS = 64;

type Completion = { readonly choices: readonly [{ readonly text: string }] };

/** A small Llama that transformers generates with on both sides, beside FastAPI with transformers. */
export async function decoder(folder: string): Promise<Subject> {
  const python = await pythonOf(join(import.meta.dirname, 'torch.txt'));
  const modelPath = join(folder, 'network');
  const env = { ...process.env, PYTHONPATH: join(import.meta.dirname, '../../test/deep') };
  const script = join(import.meta.dirname, 'make_decoder.py');
  await promisify(execFile)(python, [script, modelPath], { env });
  const files = filesIn(modelPath);
  return {
    peers: [
      {
        name: 'transformers',
        command: {
          program: python,
          given: [join(import.meta.dirname, 'decoder_server.py')],
          environment: { MODEL_PATH: modelPath },
        },
      },
    ],
    unit: 'token',
    ours: [
      {
        name: 'Slipway',
        drop(slipway, model) {
          for (const [name, bytes] of Object.entries(files)) {
            slipway.drop(`models/${model}/net/${name}`, bytes);
          }
          slipway.drop(`models/${model}/net/model.yaml`, '');
        },
      },
    ],
    questions: [
      {
        what: `${TOKENS} of an answer`,
        count: TOKENS,
        ours: (model) => ({
          path: '/v1/completions',
          body: { model, prompt: PROMPT, temperature: 0, max_tokens: TOKENS },
          read: (answer) => (answer as Completion).choices[0].text,
        }),
        peers: {
          path: '/complete',
          body: { prompt: PROMPT, max_tokens: TOKENS },
          read: (answer) => (answer as { readonly text: string }).text,
        },
      },
    ],
    mostApart: 1e-3,
  };
}
