import { manifestSchema } from '#domain/manifest/manifest.ts';
import type { ArtifactFile } from '#formats/bytes/artifact-file.ts';
import { inspectFiles } from '#formats/inspect.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';
import { lightningOf } from '../../support/models/lightning.ts';

const CODE = `
import lightning as L

class Net(L.LightningModule):
    def forward(self, x): return x
`;
const options = { maxBytes: 2 ** 40, manifest: manifestSchema.parse({}) };
const folder = (files: Readonly<Record<string, string | Buffer>>) =>
  inspectFiles(
    Object.entries(files).map(([name, content]): ArtifactFile => memoryFile(name, content)),
    options,
  );

describe('a checkpoint of PyTorch Lightning with its class beside it', () => {
  it('is served by the class, with the Lightning that saved it', async () => {
    const files = { 'net/model.ckpt': lightningOf('}'), 'net/model.py': CODE };

    expect(await folder(files)).toMatchObject({
      format: 'lightning',
      formatVersion: 'checkpoint, Lightning 2.5.0',
      entrypoint: 'model.py:Net',
      requirements: ['lightning==2.5.0', 'torch'],
      signature: null,
      modelFile: 'net',
    });
  });

  it('may have hyper-parameters as Lightning keeps them, and packages of its own', async () => {
    const asObjects = lightningOf('clightning.fabric.utilities.data\nAttributeDict\n)\x81');
    const code = CODE.replace('lightning as L', 'pytorch_lightning as L');
    const of = (requirements: string) =>
      folder({ 'model.ckpt': asObjects, 'model.py': code, 'requirements.txt': requirements });

    expect(await of('einops')).toMatchObject({
      requirements: ['einops', 'pytorch-lightning==2.5.0', 'torch'],
    });
    expect(await of('torch==2.8.0\nlightning==2.5.0')).toMatchObject({
      requirements: ['torch==2.8.0', 'lightning==2.5.0'],
    });
  });

  it.each([
    [
      'two modules',
      { 'model.ckpt': lightningOf('}'), 'model.py': `${CODE}${CODE.replace('Net', 'Other')}` },
      'model.py has the classes `Net` and `Other` of a LightningModule; the limit is one',
    ],
    [
      'hyper-parameters that are objects of its own',
      { 'model.ckpt': lightningOf('cmodel\nConfig\n)\x81'), 'model.py': CODE },
      'model.ckpt is not a checkpoint of PyTorch Lightning with nothing but weights and plain hyper-parameters',
    ],
  ])('is refused with %s', async (_, files, message) => {
    await expect(folder(files)).rejects.toMatchObject({ name: 'ArtifactRejected', message });
  });

  it('is its owner’s code where that answers by itself', async () => {
    const predict = { 'predict.py': 'def predict(x): return x' };
    const files = { 'model.ckpt': lightningOf('}'), 'model.py': CODE, ...predict };

    expect(await folder(files)).toMatchObject({
      format: 'python',
      entrypoint: 'predict.py:predict',
    });
  });

  it('is refused without its class, with what to write', async () => {
    await expect(folder({ 'model.ckpt': lightningOf('}') })).rejects.toMatchObject({
      message: expect.stringContaining('model.ckpt is a checkpoint of PyTorch Lightning'),
    });
  });
});
