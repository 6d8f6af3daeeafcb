import type { ModelImages } from '#ports/model-images.ts';

export type ModelImagesUnderTest = {
  readonly images: ModelImages;
  /** Builds an image of these bytes under the tag; the same bytes are the same image. */
  build(tag: string, bytes: string): Promise<void>;
  /** Has the platform start from the image of a tag, though no revision does. */
  hold?(tag: string): Promise<void>;
  close(): Promise<void>;
};

const [DIGITS, OTHER] = [`digits-${'a'.repeat(32)}`, `digits-2-${'b'.repeat(32)}`] as const;

/** The promises of every ModelImages. */
export function describeModelImages(name: string, open: () => Promise<ModelImagesUnderTest>): void {
  describe(`${name} keeps the promises of ModelImages`, () => {
    let world: ModelImagesUnderTest;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    const tags = async () => (await world.images.all()).map(({ tag }) => tag).toSorted();
    const remove = async (tag: string) =>
      world.images.remove((await world.images.all()).find((image) => image.tag === tag)!);

    it('names none where none was built', async () => {
      expect(await world.images.all()).toEqual([]);
    });

    it('names all that were built, with their bytes', async () => {
      await world.build(DIGITS, 'one');
      await world.build(OTHER, 'two');

      const digests = (await world.images.all()).map(({ digest }) => digest);

      expect(await tags()).toEqual([OTHER, DIGITS]);
      expect(new Set(digests).size).toBe(2);
      expect(digests.every((digest) => digest.startsWith('sha256:'))).toBe(true);
    });

    it('takes one away and leaves the others', async () => {
      await world.build(DIGITS, 'one');
      await world.build(OTHER, 'two');

      expect(await remove(DIGITS)).toBe(true);

      expect(await tags()).toEqual([OTHER]);
    });

    it('leaves another model the image that both have', async () => {
      await world.build(DIGITS, 'same');
      await world.build(OTHER, 'same');

      await remove(DIGITS);

      const [left, ...more] = await world.images.all();
      expect(left).toMatchObject({ tag: OTHER, digest: expect.stringMatching(/^sha256:/) });
      expect(more).toEqual([]);
    });

    it('takes away for good what is gone already', async () => {
      await world.build(DIGITS, 'one');
      const [image] = await world.images.all();
      await world.images.remove(image!);

      expect(await world.images.remove(image!)).toBe(true);

      expect(await tags()).toEqual([]);
    });

    it('leaves what something may start from', async () => {
      await world.build(DIGITS, 'one');
      await world.hold?.(DIGITS);
      const isHeld = world.hold !== undefined;

      expect(await remove(DIGITS)).toBe(!isHeld);

      expect(await tags()).toEqual(isHeld ? [DIGITS] : []);
    });
  });
}
