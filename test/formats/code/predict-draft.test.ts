import { readFileSync } from 'node:fs';
import { draftPredict } from '#formats/code/predict-draft.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';

describe('a draft of predict.py', () => {
  it.each([
    ['counter-scripted.pt', 'self.model = torch.jit.load(FILE, map_location="cpu").eval()', false],
    ['checkpoint.ckpt', 'self.model.load_state_dict(saved[names[0]] if names else saved)', true],
  ])('for %s of PyTorch loads it as it was saved', async (name, load, needsClass) => {
    const bytes = readFileSync(new URL(`../../fixtures/torch/${name}`, import.meta.url));

    const { code, requirements } = await draftPredict([memoryFile(name, bytes)]);

    expect(code).toContain(`        ${load}\n`);
    expect(code.includes('from model import Net')).toBe(needsClass);
    expect(requirements).toEqual(['torch', 'numpy']);
  });
});
