import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ggml from '#formats/data/ggml-types.json' with { type: 'json' };
import { inspectGguf } from '#formats/gguf/inspect.ts';
import { pythonWith } from '../runtimes/python-environment.ts';
import { fileSource } from '../support/bytes/sources.ts';
import { type GgufParts, ggufOf, LLAMA, TENSORS } from '../support/models/gguf.ts';
import { smollm } from '../support/models/smollm.ts';
import { temporaryFolder } from '../support/slipway/running.ts';

const run = promisify(execFile);
const READER = join(import.meta.dirname, 'gguf_reader.py');

const python = await pythonWith('../../test/python/gguf-requirements.txt');

if (typeof python === 'string') describeReaders(python);
else it.skip(`GGUF files, read by llama.cpp's own reader: ${python.missing}`, () => undefined);

function describeReaders(reader: string): void {
  const ours = async (path: string) =>
    inspectGguf(await fileSource(path), 'm.gguf', { files: [], asked: {} }).catch(() => null);
  const theirs = async (...paths: readonly string[]) => {
    const { stdout } = await run(reader, [READER, ...paths]);
    return stdout
      .trim()
      .split('\n')
      .map((line): object | null => JSON.parse(line));
  };

  it('what is read of a GGUF file is what llama.cpp’s own reader reads, of every type of weights', async () => {
    await using folder = await temporaryFolder();
    const made: readonly GgufParts[] = [
      {},
      { version: 2 },
      { alignment: 64, more: [['general.alignment', ['u32', 64]]] },
      { entries: { ...LLAMA, 'general.name': ['text', 'Ünï ☃'] } },
      ...Object.entries(ggml.types).map(([type, { elements, bytes }]) => ({
        tensors: [
          ...TENSORS,
          { name: 't', shape: [elements, 3], type: Number(type), bytes: 3 * bytes },
        ],
      })),
    ];
    const paths = made.map((_, at) => join(folder.path, `${at}.gguf`));
    await Promise.all(paths.map((path, at) => writeFile(path, ggufOf(made[at]))));
    const weights = await smollm();
    if (typeof weights === 'string') paths.push(weights);

    const told = await theirs(...paths);

    expect(told.length).toBe(paths.length);
    for (const [at, path] of paths.entries()) {
      expect(told[at]).not.toBeNull();
      expect(await ours(path)).toMatchObject(told[at] ?? {});
    }
  });

  it.each<[string, GgufParts]>([
    ['of an unknown version', { version: 9 }],
    ['with a key twice', { more: [['general.name', ['text', 'x']]] }],
    ['with a type that is none', { tensors: [{ name: 't', shape: [32], type: 99 }] }],
    ['that is cut short', { cut: 200 }],
  ])('both refuse one %s', async (_, given) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'm.gguf');
    await writeFile(path, ggufOf(given));

    expect([await ours(path), ...(await theirs(path))]).toEqual([null, null]);
  });
}
