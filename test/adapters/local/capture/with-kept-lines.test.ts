import { withKeptLines } from '#adapters/local/capture/with-kept-lines.ts';
import type { RevisionLog } from '#adapters/local/files/revision-log.ts';

const SEALED = '{"slipwayKept":1,"revision":"iris-v1","sealed":"c2VjcmV0"}';

function splitting() {
  const shown: string[] = [];
  const kept: string[] = [];
  const log: RevisionLog = {
    append: async (bytes) => void shown.push(Buffer.from(bytes).toString()),
    tail: async () => [],
  };
  const splitter = withKeptLines(log, async (line) => void kept.push(line));
  return {
    kept,
    shown: () => shown.join(''),
    write: (text: string, from?: object) => splitter.append(Buffer.from(text), from),
  };
}

describe('a log whose sealed lines go elsewhere', () => {
  it('shows the other lines alone, as they are', async () => {
    const { write, shown, kept } = splitting();

    await write(`one\n${SEALED}\ntwo\n${SEALED}\nthree`);

    expect(shown()).toBe('one\ntwo\nthree');
    expect(kept).toEqual([SEALED, SEALED]);
  });

  it.each([1, 2, 7, 17, 40])('finds a sealed line in pieces of %d bytes', async (size) => {
    const { write, shown, kept } = splitting();
    const text = `{"a":1}\n${SEALED}\n{"slip\n\n${SEALED}\nend\n`;

    for (let at = 0; at < text.length; at += size) await write(text.slice(at, at + size));

    expect(shown()).toBe('{"a":1}\n{"slip\n\nend\n');
    expect(kept).toEqual([SEALED, SEALED]);
  });

  it('takes no line that only has it within', async () => {
    const { write, shown, kept } = splitting();

    await write(`see ${SEALED}\n`);
    await write('see ');
    await write(`${SEALED}\n`);

    expect(kept).toEqual([]);
    expect(shown()).toBe(`see ${SEALED}\nsee ${SEALED}\n`);
  });

  it('keeps the lines of two streams apart', async () => {
    const { write, shown, kept } = splitting();
    const [out, err] = [{}, {}];

    await write(SEALED.slice(0, 30), out);
    await write('oh\n', err);
    await write(`${SEALED.slice(30)}\n`, out);

    expect(shown()).toBe('oh\n');
    expect(kept).toEqual([SEALED]);
  });

  it('holds no line that is too long for one', async () => {
    const { write, shown, kept } = splitting();
    const long = `{"slipwayKept":1,${'x'.repeat(300_000)}`;

    await write(long);
    await write(`y\n${SEALED}\n`);

    expect(shown()).toBe(`${long}y\n`);
    expect(kept).toEqual([SEALED]);
  });
});
