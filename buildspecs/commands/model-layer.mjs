import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { storedGzip } from './stored-gzip.mjs';

/** A reproducible archive of the paths on its standard input: no times or owners, names of any length. They go under /opt. */
const TAR = [
  ...['--create', '--format=posix', '--mtime=@0', '--numeric-owner'],
  ...['--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime'],
  // Each write is as large as a pipe's buffer.
  '--blocking-factor=128',
  ...['--owner=0', '--group=0', '--mode=u=rwX,go=rX', '--transform=s,^\\.\\(/\\|$\\),opt\\1,'],
  ...['--no-recursion', '--null', '--files-from=-'],
];

/**
 * The archive of these paths below `folder`, as chunks. Started by its reader: Node discards the unread output of a program that has ended.
 * @param {string} folder
 * @param {readonly string[]} paths
 */
export async function* archiveOf(folder, paths) {
  const tar = spawn('tar', ['--directory', folder, ...TAR], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(tar, 'close');
  // The program itself reports why it ends early.
  tar.stdin.on('error', () => undefined);
  tar.stdin.end(paths.map((path) => `${path}\0`).join(''));
  yield* tar.stdout;
  const [code] = await ended;
  if (code !== 0) throw new Error(`tar ended with ${code}`);
}

/**
 * The layer with these paths below `folder`, under /opt: `bytes` is its gzip stream; after it is read, `facts()` returns {digest, size, diffId}.
 * The same files make the same layer.
 * @param {string} folder
 * @param {readonly string[]} paths
 */
export function modelLayer(folder, paths) {
  const [unpacked, packed] = [createHash('sha256'), createHash('sha256')];
  let size = 0;

  async function* archive() {
    for await (const chunk of archiveOf(folder, paths)) {
      unpacked.update(chunk);
      yield chunk;
    }
  }

  async function* counted() {
    for await (const chunk of storedGzip(archive())) {
      packed.update(chunk);
      size += chunk.length;
      yield chunk;
    }
  }

  let known;
  return {
    bytes: counted(),
    facts() {
      known ??= { digest: digest(packed), diffId: digest(unpacked), size };
      return known;
    },
  };
}

/** @param {import('node:crypto').Hash} hash */
function digest(hash) {
  return `sha256:${hash.digest('hex')}`;
}
