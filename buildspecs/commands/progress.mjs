// A build reports its stage by a line in its log; src/domain/build/build-progress.ts reads it there.
import { createInterface } from 'node:readline';

const LINE = /^progress: [A-Za-z][A-Za-z0-9 ,]{0,59}$/;
// If a model prints such lines, only this many are passed on.
const MOST_LINES = 100;

/** @param {string} stage */
export function progress(stage) {
  process.stderr.write(`progress: ${stage}\n`);
}

/**
 * Passes on the stages that a program reports on its standard error, which is kept until it ends; `onStage` is called with each line.
 * @param {(line: string) => unknown} [onStage]
 * @param {{ stderr: import('node:stream').Readable }} child
 */
export function handOnProgress(child, onStage = () => undefined) {
  let left = MOST_LINES;
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (left === 0 || !LINE.test(line)) return;
    left -= 1;
    process.stderr.write(`${line}\n`);
    onStage(line);
  });
}

/**
 * Reports how many of so many packages are installed, from uv's output: it names each large download when that begins and ends, and packages that it does not name take no time.
 * @param {{ stderr: import('node:stream').Readable }} uv
 * @param {number} total
 */
export function followInstall(uv, total) {
  progress(`installing ${total} packages`);
  let downloading = 0;
  createInterface({ input: uv.stderr }).on('line', (line) => {
    const [, word] = /^ *(Downloading|Downloaded|Prepared|Installed) /.exec(line) ?? [];
    if (!word) return;
    downloading = { Downloading: downloading + 1, Downloaded: downloading - 1 }[word] ?? 0;
    progress(`installing ${total - downloading} of ${total} packages`);
  });
}
