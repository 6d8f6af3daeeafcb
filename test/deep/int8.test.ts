import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeOnOneMachine } from '../python/right-answers.ts';
import { throughGateway } from '../support/models/dropped.ts';
import { temporaryFolder } from '../support/slipway/running.ts';
import { DEEP_PYTHON, python } from './python.ts';

const LONGEST_MS = 900_000;

if (DEEP_PYTHON) describeInt8();
else it.skip('weights that int8 does not hold: .ci/deep installs what they need', () => undefined);

function describeInt8(): void {
  describeOnOneMachine('an encoder that is to be served in int8', (slipway) => {
    it(
      'and answers otherwise then, is served in full, and is told why and what to do',
      async () => {
        await using folder = await temporaryFolder();
        await python('./make_outliers.py', folder.path);
        for (const file of readdirSync(folder.path)) {
          slipway().drop(`models/far/net/${file}`, readFileSync(join(folder.path, file)));
        }
        slipway().drop('models/far/net/model.yaml', 'runtime: { optimize: int8 }');

        const { state, reason } = (await slipway().ending('far', 1)).detail;
        const told = await slipway().command('events', 'far');
        const explained = await slipway().command('explain', 'far');
        const answer = await throughGateway(slipway(), 'far')('invocations', { inputs: 'the cat' });

        expect({ state, reason }).toMatchObject({ state: 'Live' });
        expect(told.out).toMatch(
          /runtime\.optimize is int8, but the weights are served in full: of all weights \d+ of 200 answers.*of the matrices alone \d+ of 200 answers.*Take runtime\.optimize out of model\.yaml/s,
        );
        expect(explained.out).toMatch(/not in int8: of all weights \d+ of 200 answers/);
        expect(answer).toMatchObject({ status: 200 });
      },
      LONGEST_MS,
    );
  });
}
