import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { revisionLog } from '#adapters/local/files/revision-log.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { fakeTimers } from '../../../support/clock/fake-timers.ts';

const MEBIBYTE = 1024 * 1024;

describe('the log of a revision', () => {
  let root: string;
  let path: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'slipway-log-'));
    path = join(root, 'digits-v1.log');
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('answers its last lines, oldest first', async () => {
    const log = revisionLog(path);
    void log.append(Buffer.from('one\ntwo\n'));
    void log.append(Buffer.from('\nth'));
    void log.append(Buffer.from('ree'));

    expect(await log.tail(2)).toEqual(['two', 'three']);
    expect(await log.tail(9)).toEqual(['one', 'two', 'three']);
    expect(await log.tail(0)).toEqual([]);
    expect(await revisionLog(path).tail(1)).toEqual(['three']);
  });

  it('takes no more memory for its lines than its files have, however many are asked for', async () => {
    const log = revisionLog(path);
    await log.append(Buffer.from('one\ntwo\n'));
    const before = process.memoryUsage().arrayBuffers;

    expect(await log.tail(1000)).toEqual(['one', 'two']);

    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(MEBIBYTE);
  });

  it('says when each line came, and which came since a time', async () => {
    let nowMs = Date.parse('2026-01-02T03:04:05.678Z');
    const log = revisionLog(path, { now: () => nowMs });
    void log.append(Buffer.from('one\n\ntwo\n'));
    nowMs += 1000;
    void log.append(Buffer.from('three\n'));

    expect(await log.lines({ lines: 9 })).toEqual([
      { timeMs: nowMs - 1000, text: 'one' },
      { timeMs: nowMs - 1000, text: 'two' },
      { timeMs: nowMs, text: 'three' },
    ]);
    expect(await log.lines({ lines: 9, sinceMs: nowMs })).toEqual([
      { timeMs: nowMs, text: 'three' },
    ]);
    expect(await log.tail(9)).toEqual(['one', 'two', 'three']);
    expect(readFileSync(path, 'utf8').split('\n')[0]).toBe('2026-01-02T03:04:05.678Z one');
  });

  it('ends the line that one stream has left open before another writes', async () => {
    const log = revisionLog(path, { now: () => 0 });
    const [one, other] = [{}, {}];
    void log.append(Buffer.from('a line'), one);
    void log.append(Buffer.from(' in pieces'), one);
    void log.append(Buffer.from('between\n'), other);
    void log.append(Buffer.from('and its rest\n'), one);

    expect(await log.lines({ lines: 9 })).toEqual(
      ['a line in pieces', 'between', 'and its rest'].map((text) => ({ timeMs: 0, text })),
    );
  });

  it('does not know when a line came that an earlier Slipway has written', async () => {
    writeFileSync(path, 'of old\n');

    expect(await revisionLog(path).lines({ lines: 9 })).toEqual([{ timeMs: null, text: 'of old' }]);
    expect(await revisionLog(path).lines({ lines: 9, sinceMs: 1 })).toEqual([]);
  });

  it('has more lines than its end has, where they are asked for', async () => {
    writeFileSync(path, Array.from({ length: 9_000 }, (_, n) => `line ${n} of many\n`).join(''));

    expect(await revisionLog(path).lines({ lines: 9_000 })).toHaveLength(9_000);
  });

  it('is empty before anything was written', async () => {
    expect(await revisionLog(path).tail(5)).toEqual([]);
  });

  it('gives no control characters to the terminal that shows it', async () => {
    const log = revisionLog(path);
    await log.append(Buffer.from('\x1b[31mred\x1b[0m\tbell\x07 \x1b]0;title\x07end\r\n'));

    expect(await log.tail(1)).toEqual(['red bell end']);
  });

  it('goes on in a new file at 5 MiB, and keeps one older file', async () => {
    const log = revisionLog(path);
    for (const name of ['first', 'second', 'third']) {
      writeFileSync(path, `${name}\n${'x'.repeat(5 * MEBIBYTE - 20)}\n`);
      await log.append(Buffer.from(`after ${name} with its line\n`));
    }

    expect(readdirSync(root).sort()).toEqual(['digits-v1.log', 'digits-v1.log.1']);
    expect(statSync(path).size).toBeLessThan(100);
    expect(await log.tail(1)).toEqual(['after third with its line']);
  });

  it('finds its last lines across two files', async () => {
    writeFileSync(`${path}.1`, 'older\n');
    writeFileSync(path, 'newer\n');

    expect(await revisionLog(path).tail(2)).toEqual(['older', 'newer']);
  });

  it('leaves out a line of which it has only the end', async () => {
    writeFileSync(path, `${'x'.repeat(100_000)} cut\nwhole\n`);

    expect(await revisionLog(path).tail(2)).toEqual(['whole']);
  });

  it('takes a flood no faster than 1 MiB a second', async () => {
    const timers = fakeTimers();
    const log = revisionLog(path, { timers });
    let appended = 0;
    for (let count = 0; count < 16; count += 1) {
      void log.append(Buffer.alloc(MEBIBYTE / 16, 'x')).then(() => {
        appended += 1;
      });
    }

    for (let count = 0; count < 16; count += 1) {
      await eventually(() => appended > count || timers.leftMs().length > 0);
      expect(appended).toBe(count);
      timers.advance(timers.leftMs()[0] ?? 0);
      await eventually(() => appended > count);
    }

    expect(statSync(path).size).toBe(MEBIBYTE);
    expect(timers.nowMs()).toBeGreaterThanOrEqual(1_000);
  });

  it('costs only its lines when it cannot be written', async () => {
    rmSync(root, { recursive: true });

    await revisionLog(path).append(Buffer.from('lost\n'));

    expect(await revisionLog(path).tail(1)).toEqual([]);
  });
});
