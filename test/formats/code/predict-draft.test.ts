import { readFileSync } from 'node:fs';
import { draftPredict } from '#formats/code/predict-draft.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';
import { fixtureOf } from '../../support/models/dropped.ts';

describe('a draft of predict.py', () => {
  it.each([
    ['counter-scripted.pt', 'self.model = torch.jit.load(FILE, map_location="cpu").eval()', false],
    [
      'whole.pt',
      'self.model = torch.load(FILE, map_location="cpu", weights_only=False).eval()',
      false,
    ],
    ['checkpoint.ckpt', 'self.model.load_state_dict(saved[names[0]] if names else saved)', true],
  ])('for %s of PyTorch loads it as it was saved', async (name, load, needsClass) => {
    const bytes = readFileSync(new URL(`../../fixtures/torch/${name}`, import.meta.url));

    const { code, requirements } = await draftPredict([memoryFile(name, bytes)]);

    expect(code).toContain(`        ${load}\n`);
    expect(code.includes('from model import Net')).toBe(needsClass);
    expect(requirements).toEqual(['torch', 'numpy']);
  });

  it('for a pickle of several things takes the one that predicts, by the scikit-learn that wrote it', async () => {
    const { path, versions } = fixtureOf('corpus', 'DictOfParts-1.8.pkl');

    const { code, requirements } = await draftPredict([memoryFile('m.joblib', readFileSync(path))]);

    expect(code).toContain('next(part for part in parts if hasattr(part, "predict"))');
    expect(requirements).toEqual(['joblib', 'numpy', `scikit-learn==${versions['scikit-learn']}`]);
  });

  it('for a pickle by cloudpickle names that', async () => {
    const bytes = Buffer.from('\x80\x04ccloudpickle.cloudpickle\nsubimport\n.', 'latin1');

    const { requirements } = await draftPredict([memoryFile('m.pkl', bytes)]);

    expect(requirements).toEqual(['joblib', 'numpy', 'scikit-learn', 'cloudpickle']);
  });
});
