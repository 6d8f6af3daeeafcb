import type { Builds } from '#ports/builds.ts';

export type BuildsUnderTest = {
  readonly builds: Builds;
  /** Begins the build of an image for a deployment, which is in the phase BUILD until it is stopped. */
  begin(deploymentId: string): Promise<void>;
  close(): Promise<void>;
};

/** The promises of every Builds. */
export function describeBuilds(name: string, open: () => Promise<BuildsUnderTest>): void {
  describe(`${name} keeps the promises of Builds`, () => {
    let world: BuildsUnderTest;
    beforeEach(async () => {
      world = await open();
    });
    afterEach(() => world.close());

    it('tells nothing of a deployment that has no build', async () => {
      await world.begin('d1');

      expect(await world.builds.find('d2')).toBeUndefined();
    });

    it('tells what runs for a deployment, in which phase, and where its log is', async () => {
      await world.begin('d1');

      expect(await world.builds.find('d1')).toMatchObject({
        of: 'image',
        status: 'IN_PROGRESS',
        phase: 'BUILD',
        log: { group: expect.any(String), stream: expect.any(String) },
      });
    });

    it('stops the build of a deployment and of no other, however often', async () => {
      await world.begin('d1');
      await world.begin('d2');

      await world.builds.stop('d1');
      await world.builds.stop('d1');
      await world.builds.stop('nobody');

      expect((await world.builds.find('d1'))?.status ?? 'STOPPED').toBe('STOPPED');
      expect((await world.builds.find('d2'))?.status).toBe('IN_PROGRESS');
    });
  });
}
