import type { Signature, TensorSpec } from '#domain/artifact/signature.ts';
import { takesAlike } from '#domain/rollout/same-inputs.ts';

const X: TensorSpec = { name: 'x', datatype: 'FP32', shape: [-1, 4] };
const N: TensorSpec = { name: 'n', datatype: 'INT64', shape: [] };

const takes = (...inputs: readonly TensorSpec[]): Signature => ({ inputs, outputs: [] });

describe('a request for one version is a fair one for another', () => {
  it.each([
    ['that declares the same', takes(X, N), takes(X, N)],
    ['that declares the same in another order', takes(X, N), takes(N, X)],
    ['that declares other outputs', takes(X), { ...takes(X), outputs: [N] }],
    ['that declares nothing', null, takes(X)],
    ['when neither declares anything', null, null],
  ])('%s', (_, own, theirs) => {
    expect(takesAlike(own, theirs)).toBe(true);
  });
});

describe('a request for one version is no fair one for another', () => {
  it.each([
    ['with an input more', takes(X, N), takes(X)],
    ['with an input less', takes(X), takes(X, N)],
    ['with an input of another name', takes({ ...X, name: 'z' }), takes(X)],
    ['with an input of another datatype', takes({ ...X, datatype: 'FP64' }), takes(X)],
    ['with an input of another shape', takes({ ...X, shape: [-1, 5] }), takes(X)],
    ['with an input of any rank', takes({ ...N, isUnranked: true }), takes(N)],
    ['when only it declares what it takes', takes(X), null],
  ])('%s', (_, own, theirs) => {
    expect(takesAlike(own, theirs)).toBe(false);
  });
});
