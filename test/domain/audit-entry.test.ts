import { modelOfObject } from '#domain/audit-entry.ts';

it.each([
  ['models/digits/digits.onnx', 'digits'],
  ['models/digits/model/weights.bin', 'digits'],
  ['promotions/digits/x/release.json', 'digits'],
  ['models/digits.onnx', null],
  ['notes/digits/a.txt', null],
  ['digits.onnx', null],
  ['', null],
])('the object `%s` is of the model %s', (key, model) => {
  expect(modelOfObject(key)).toBe(model);
});
