import { keptFigure } from '#operations/data-folder/storage-figure.ts';

const figureOf = (objects: number) => ({ objects, objectBytes: 0, prunableBytes: 0 });

describe('the figure of what is stored', () => {
  function counted() {
    let [nowMs, counts] = [0, 0];
    const pass = (ms: number) => {
      nowMs += ms;
    };
    const storage = keptFigure(
      async () => {
        counts += 1;
        return figureOf(counts);
      },
      () => nowMs,
    );
    return { ...storage, counts: () => counts, pass };
  }

  it('is counted once, however often it is asked for', async () => {
    const { figure, counts } = counted();

    const asked = await Promise.all([figure(), figure(), figure()]);

    expect(asked).toEqual([figureOf(1), figureOf(1), figureOf(1)]);
    expect(counts()).toBe(1);
  });

  it('is the last one while an old one is counted again', async () => {
    const { figure, counts, pass } = counted();
    await figure();
    pass(601_000);

    expect(await figure()).toEqual(figureOf(1));
    expect(counts()).toBe(2);
    expect(await figure()).toEqual(figureOf(2));
  });

  it('is counted anew after something was removed', async () => {
    const { figure, forget } = counted();
    await figure();

    forget();

    expect(await figure()).toEqual(figureOf(2));
  });

  it('is none that was being counted while something was removed', async () => {
    const { figure, forget } = counted();
    const begunBefore = figure();
    forget();
    await begunBefore;

    expect(await figure()).toEqual(figureOf(2));
  });
});
