import { passOver } from '../../../../runtimes/onnx/tables/rows.ts';

describe('columns of which a model takes more than are shown', () => {
  const inputs = Array.from({ length: 9 }, (_, at) => ({
    name: `c${at}`,
    datatype: 'FP32' as const,
    shape: [-1],
  }));

  it('are refused by the name of the one that is missing', () => {
    const names = inputs.slice(0, 8).map(({ name }) => name);

    expect(() => passOver(names, 'the body', { inputs, ignored: new Set() })).toThrow(
      'the body lacks "c8"; it takes "c0", "c1",',
    );
  });
});
