import type { EnvironmentImages } from '#ports/environment-images.ts';

export type EnvironmentImagesUnderTest = {
  readonly environments: EnvironmentImages;
  /** Builds the image of a tag. */
  build(tag: string): Promise<void>;
  /** Takes it away. */
  remove(tag: string): Promise<void>;
  close(): Promise<void>;
};

/** The promises of every EnvironmentImages. */
export function describeEnvironmentImages(
  name: string,
  open: () => Promise<EnvironmentImagesUnderTest>,
): void {
  describe(`${name} keeps the promises of EnvironmentImages`, () => {
    let world: EnvironmentImagesUnderTest;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    it('misses all where nothing was built, in the order in which they are asked for', async () => {
      const tags = ['python-b2', 'onnx-a1'];

      expect(await world.environments.missing(tags)).toEqual(tags);
    });

    it('misses those alone that were not built', async () => {
      await world.build('onnx-a1');

      expect(await world.environments.missing(['onnx-a1', 'python-b2'])).toEqual(['python-b2']);
    });

    it('misses nothing once all are built', async () => {
      await world.build('onnx-a1');
      await world.build('python-b2');

      expect(await world.environments.missing(['onnx-a1', 'python-b2'])).toEqual([]);
    });

    it('takes no tag for another that begins like it', async () => {
      await world.build('python-b21');

      expect(await world.environments.missing(['python-b2'])).toEqual(['python-b2']);
    });

    it('misses what was taken away', async () => {
      await world.build('onnx-a1');
      await world.remove('onnx-a1');

      expect(await world.environments.missing(['onnx-a1'])).toEqual(['onnx-a1']);
    });

    it('misses nothing where nothing is asked for', async () => {
      expect(await world.environments.missing([])).toEqual([]);
    });
  });
}
