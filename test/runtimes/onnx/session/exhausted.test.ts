import { isExhausted } from '../../../../runtimes/onnx/session/exhausted.ts';
import { eventually } from '../../../support/clock/eventually.ts';
import { hungryModel, zeros } from '../../../support/models/onnx.ts';
import { startModel } from '../../model-server.ts';
import { onnx, onnxFile } from '../../onnx-runtime.ts';

describe('a run that has too little memory', () => {
  it("is the server's failure, and it goes on serving", async () => {
    const server = await startModel(onnx, await onnxFile(hungryModel()));

    // 4 PB: an address space of 47 bits has 128 TB.
    const refused = await server.post('/v2/models/m/infer', zeros(1e15));
    const served = await server.post('/v2/models/m/infer', zeros(4));

    expect({ status: refused.status, error: refused.json.error }).toEqual({
      status: 503,
      error: expect.stringMatching(/^the server has too little memory for this request: /),
    });
    await eventually(() => server.stderr().includes('a run had too little memory'));
    expect(served.json.outputs[0].data).toEqual([0]);
  });

  it.each([
    new Error('std::bad_alloc'),
    new Error(
      'Non-zero status code returned: Failed to allocate memory for requested buffer of size 4',
    ),
    new RangeError('Array buffer allocation failed'),
    new RangeError('Invalid typed array length: 9007199254740991'),
    'out of memory',
  ])('is known by what it says: %s', (error) => {
    expect(isExhausted(error)).toBe(true);
  });

  it.each([
    new Error(
      'indices element out of data bounds, idx=9 must be within the inclusive range [-3,2]',
    ),
    new RangeError('Tensor.dims[0] is invalid: 1.09951e+12'),
    new TypeError('the shape is wrong'),
  ])('is not what the model refuses: %s', (error) => {
    expect(isExhausted(error)).toBe(false);
  });
});
