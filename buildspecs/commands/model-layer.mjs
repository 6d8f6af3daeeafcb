import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { storedGzip } from './stored-gzip.mjs';

/** A reproducible archive: no times or owners, a fixed order; names of any length. The folder's content goes under /opt. */
const TAR = [
  ...['--create', '--format=posix', '--sort=name', '--mtime=@0', '--numeric-owner'],
  ...['--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime'],
  // Writes as much at once as a pipe holds.
  '--blocking-factor=128',
  ...['--owner=0', '--group=0', '--mode=u=rwX,go=rX', '--transform=s,^\\.\\(/\\|$\\),opt\\1,'],
];

/**
 * The layer with the files of `folder` under /opt: `bytes` is its gzip stream; after it is read, `facts()` returns {digest, size, diffId}.
 * The same files make the same layer.
 */
export function modelLayer(folder) {
  const [unpacked, packed] = [createHash('sha256'), createHash('sha256')];
  let size = 0;

  // Started by the reader: Node discards the unread output of a program that has ended.
  async function* archive() {
    const tar = spawn('tar', [...TAR, '--directory', folder, '.'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = once(tar, 'close');
    for await (const chunk of tar.stdout) {
      unpacked.update(chunk);
      yield chunk;
    }
    const [code] = await ended;
    if (code !== 0) throw new Error(`tar ended with ${code}`);
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

function digest(hash) {
  return `sha256:${hash.digest('hex')}`;
}
