import { isFolderModel } from '#domain/artifact/folder-model.ts';

describe('a folder is known to be a model', () => {
  it.each([
    ['by its predict.py', ['predict.py', 'weights.bin'], true],
    ['by its MLmodel', ['MLmodel', 'model.pkl'], true],
    ['by its SavedModel', ['saved_model.pb', 'variables/variables.index'], true],
    ['by its handlers', ['code/inference.py'], true],
    ['by the config beside its weights', ['config.json', 'model.safetensors'], true],
    ['by the config above its ONNX', ['config.json', 'onnx/model.onnx'], true],
    ['by the modules beside its weights', ['modules.json', 'model.safetensors'], true],
    ['but not by a config alone', ['config.json', 'README.md'], false],
    ['but not by a predict.py below', ['src/predict.py', 'weights.bin'], false],
  ])('%s', (_, names, isModel) => {
    expect(isFolderModel(names)).toBe(isModel);
  });
});
