import { randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { openArchive } from '#formats/archives/open.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { tarOf } from './tar.ts';

// Run as a separate process, to measure its memory alone: opens an archive of so many million bytes, and prints its contents and the most by which the process has grown.
let mostBytes = 0;
const archive = await gzippedRandom(Number(process.argv[2]));
const beforeBytes = process.memoryUsage.rss();
const files = await openArchive(archive, 2 ** 30);
const grownBytes = mostBytes - beforeBytes;
const found = files.map(({ name, sizeBytes }) => ({ name, sizeBytes }));
process.stdout.write(JSON.stringify({ files: found, grownBytes }));

/** A tar.gz of one file of so many million bytes, never held in memory: the same compressed piece again and again. */
async function gzippedRandom(megabytes: number): Promise<ArtifactFile> {
  const head = tarOf({ name: 'a', size: `${(megabytes * 1e6).toString(8).padStart(11, '0')}\0` });
  const piece = gzipSync(randomBytes(1e6), { level: 0 });
  const parts = [gzipSync(head.subarray(0, 512)), gzipSync(Buffer.alloc(padding() + 1024))];
  const [first, last] = [parts[0]!, parts[1]!];
  const sizeBytes = first.length + megabytes * piece.length + last.length;

  async function read(start: number, length: number): Promise<Uint8Array> {
    mostBytes = Math.max(mostBytes, process.memoryUsage.rss());
    if (start < first.length) return first.subarray(start, start + length);
    const within = start - first.length;
    if (within >= megabytes * piece.length) {
      return last.subarray(within - megabytes * piece.length).subarray(0, length);
    }
    return piece.subarray(within % piece.length).subarray(0, length);
  }
  return { name: 'a.tar.gz', sizeBytes, open: async () => ({ sizeBytes, read }) };

  function padding(): number {
    return (512 - ((megabytes * 1e6) % 512)) % 512;
  }
}
