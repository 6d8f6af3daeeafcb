import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

/** The errors of the standard input when a program ends before it has read everything. */
const UNREAD = ['EPIPE', 'ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE'];

/** @typedef {string | AsyncIterable<Uint8Array>} Input */
/** @typedef {(bytes: Buffer) => void} OnSaid */

/**
 * A program that `execFile` started, all of whose streams are pipes.
 * @param {import('node:child_process').ChildProcess} child
 */
export function piped(child) {
  return /** @type {import('node:child_process').ChildProcessWithoutNullStreams} */ (child);
}

/**
 * The output and the error output of a program whose standard input is `input`, a text or chunks. Fails with its error output. `onSaid` is called with that as it comes.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {Input} [input]
 * @param {OnSaid} [onSaid]
 */
export async function ran(program, args, input = '', onSaid = () => {}) {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stderr.on('data', onSaid);
  const given = pipeline(typeof input === 'string' ? [input] : input, child.stdin);
  const [out, said, code, trouble] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    endOf(child),
    given.catch((error) => error),
  ]);
  if (trouble && !UNREAD.includes(trouble.code)) throw trouble;
  if (code === 0) return { out: out.trim(), said: said.trim() };
  throw failed(program, args, { said, code });
}

/**
 * The output of a program, as chunks. Fails like `ran`, after the last chunk. Started by its reader: Node discards the unread output of a program that has ended.
 * @param {string} program
 * @param {readonly string[]} args
 */
export async function* chunksOf(program, args) {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = Promise.all([text(child.stderr), endOf(child)]);
  ended.catch(() => undefined);
  yield* child.stdout;
  const [said, code] = await ended;
  if (code !== 0) throw failed(program, args, { said, code });
}

/**
 * Whether an attempt ends without an error.
 * @param {Promise<unknown>} attempt
 */
export function succeeds(attempt) {
  return attempt.then(
    () => true,
    () => false,
  );
}

/**
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number | null>} Its exit status; null where a signal ended it.
 */
function endOf(child) {
  return new Promise((resolve, reject) => child.on('error', reject).on('close', resolve));
}

/**
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ said: string, code: number | null }} end
 */
function failed(program, args, { said, code }) {
  const reason = said.trim() || `${program} ${args[0]} ended with ${code}`;
  return Object.assign(new Error(reason), { exitCode: code });
}
