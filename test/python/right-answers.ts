import {
  fixtureOf,
  pushed,
  servedAsOnnx,
  throughGateway,
  wrongAnswers,
} from '../support/dropped-models.ts';
import { startSlipway, temporaryFolder } from '../support/running-slipway.ts';

/** Models of one folder of the fixtures, dropped one after another; `asOnnx`: whether each of the first two is converted. */
export type Dropped = {
  readonly what: string;
  readonly folder: string;
  readonly versions: readonly string[];
  readonly asOnnx?: readonly boolean[];
};

export function itAnswersAsItsFramework(cases: readonly Dropped[]): void {
  it.each(cases)(
    '$what answers as its framework does, and so does the next version',
    async ({ folder: fixtures, versions, asOnnx }) => {
      await using folder = await temporaryFolder();
      await using slipway = await startSlipway(folder.path);

      for (const name of versions) {
        const fixture = fixtureOf(fixtures, name);

        expect(await pushed(slipway, fixture)).toMatchObject({ state: 'Live' });
        expect(await wrongAnswers(throughGateway(slipway), fixture)).toEqual([]);
      }
      if (asOnnx) expect(await servedAsOnnx(slipway)).toEqual(asOnnx);
    },
  );
}
