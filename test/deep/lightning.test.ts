import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeOnOneMachine } from '../python/right-answers.ts';
import { throughGateway } from '../support/models/dropped.ts';
import { DEEP_PYTHON, python } from './python.ts';

const LONGEST_MS = 900_000;

if (DEEP_PYTHON) describeLightning();
else it.skip('checkpoints of PyTorch Lightning: .ci/deep installs what they need', () => undefined);

function describeLightning(): void {
  describeOnOneMachine('a checkpoint of PyTorch Lightning with its class, dropped', (slipway) => {
    it(
      'answers as the module that was trained does',
      async () => {
        const folder = mkdtempSync(join(tmpdir(), 'slipway-lightning-'));
        try {
          const { inputs, outputs } = JSON.parse(await python('make_lightning.py', folder));
          const { out, err } = await slipway().command('push', folder, '--name', 'net', '--json');
          expect(out || err).toContain('"state":"Live"');

          const { body } = await throughGateway(slipway(), 'net')('invocations', { inputs });

          const { predictions } = body as { predictions: number[][] };
          expect(predictions.flat()).toEqual(
            outputs.flat().map((each: number) => expect.closeTo(each, 5)),
          );
        } finally {
          rmSync(folder, { recursive: true });
        }
      },
      LONGEST_MS,
    );
  });
}
