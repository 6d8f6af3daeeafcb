import { networkOf } from '../../../../runtimes/onnx/language/batches.ts';
import type { Tokens } from '../../../../runtimes/onnx/language/tokens.ts';
import type { Session } from '../../../../runtimes/onnx/session/session.ts';
import type { Tensor } from '../../../../runtimes/onnx/values/tensors.ts';

const INPUT = { name: 'input_ids', datatype: 'INT64', shape: [-1, -1] } as const;
const OUTPUT = { name: 'state', datatype: 'FP32', shape: [-1, -1] } as const;

/** A network that answers each token with itself, and keeps the shapes of its runs. */
function echoing() {
  const shapes: string[] = [];
  const session: Session = {
    signature: { inputs: [INPUT], outputs: [OUTPUT] },
    async run({ inputs }) {
      const [{ shape, data }] = inputs as [Tensor];
      shapes.push(shape.join(' x '));
      return [{ ...OUTPUT, shape, data: Float32Array.from(data as BigInt64Array, Number) }];
    },
    idle: async () => undefined,
  };
  return { session, shapes };
}

function textsOf(lengths: readonly number[]): readonly Tokens[] {
  return lengths.map((length, at) => {
    const ids = Array.from({ length }, () => at + 1);
    return { ids, typeIds: ids, isCut: false } as unknown as Tokens;
  });
}

describe('the texts of a request', () => {
  it.each([
    ['of one length go into one run', [9, 9, 9], ['3 x 9']],
    ['of other lengths into runs of their own', [27, 9, 27, 9], ['2 x 27', '2 x 9']],
    ['that are few and hardly shorter go with the others', [27, 25, 27], ['3 x 27']],
    ['are no more in a run than it takes', [40, 40, 40], ['2 x 40', '1 x 40']],
    ['that are longer than a run takes go alone', [120, 3], ['1 x 120', '1 x 3']],
  ])('%s', async (_, lengths, runs) => {
    const { session, shapes } = echoing();
    const reading = { outputs: ['state'], isByToken: true, runTokens: 100, isPadded: true };
    const network = networkOf(session, 0, reading);

    const answers = await network(textsOf(lengths));

    expect(shapes.toSorted()).toEqual(runs.toSorted());
    expect(answers.map((answer) => [...(answer.get('state')?.data ?? [])])).toEqual(
      lengths.map((length, at) => Array.from({ length }, () => at + 1)),
    );
  });

  it('of other lengths share no run where padding would change what is answered', async () => {
    const { session, shapes } = echoing();
    const reading = { outputs: ['state'], isByToken: true, runTokens: 100, isPadded: false };

    await networkOf(session, 0, reading)(textsOf([27, 25, 27]));

    expect(shapes.toSorted()).toEqual(['1 x 25', '2 x 27']);
  });
});
