import {
  environmentImages,
  environmentTags,
  requiredTags,
} from '#domain/build/environment-image.ts';

const python = { python: '3.12', orElse: ['3.11'], requirements: ['scikit-learn==1.7.2'] };
const ONNX = { runtime: 'onnx', environmentHash: 'o1', python: null } as const;
const PYTHON = { runtime: 'python', environmentHash: 'p1', python } as const;
const hashes = { custom: 'c0', onnx: 'o2', python: 'p0', vllm: 'v0' };
const named = (wanted: Parameters<typeof environmentImages>[0]) =>
  environmentImages(wanted).map(({ tag, runtime, python }) => ({ tag, runtime, python }));

describe('the environments of a model', () => {
  it('are the ONNX server of the plan where it is one of ONNX', () => {
    expect(named({ plan: ONNX, converts: true, hashes })).toEqual([
      { tag: 'onnx-o1', runtime: 'onnx', python: null },
    ]);
  });

  it('are all three where it may be served as ONNX, and what serves it in Python is built last', () => {
    expect(named({ plan: PYTHON, converts: true, hashes })).toEqual([
      { tag: 'onnx-o2', runtime: 'onnx', python: null },
      { tag: 'convert-p1', runtime: 'python', python },
      { tag: 'python-p1', runtime: 'python', python },
    ]);
  });

  it('have a converter also where it is to be served as it is, for the next model that finds them', () => {
    expect(named({ plan: PYTHON, converts: false, hashes })).toEqual([
      { tag: 'convert-p1', runtime: 'python', python },
      { tag: 'python-p1', runtime: 'python', python },
    ]);
  });
});

describe('the environments of code', () => {
  const of = (requirements: readonly string[]) => {
    const plan = { ...PYTHON, python: { ...python, requirements } };
    return named({ plan, converts: false, hashes }).map(({ tag }) => tag);
  };

  it('have no converter where no model of a framework has the same packages', () => {
    expect(of([])).toEqual(['python-p1']);
    expect(of(['torch==2.9.0'])).toEqual(['python-p1']);
  });

  it('have one where such a model may come', () => {
    expect(of(['xgboost-cpu==3.4.1'])).toEqual(['convert-p1', 'python-p1']);
  });
});

describe('the tags of environments', () => {
  const environments = environmentImages({ plan: PYTHON, converts: true, hashes });

  it('are asked for without the converter, which not every framework has', () => {
    expect(requiredTags(environments)).toEqual(['onnx-o2', 'python-p1']);
  });

  it('are told to a build by what they do', () => {
    expect(environmentTags(environments)).toEqual({
      onnx: 'onnx-o2',
      python: 'python-p1',
      convert: 'convert-p1',
    });
  });

  // https://docs.docker.com/reference/cli/docker/image/tag/
  it('fit what a registry takes, with a hash of any of its lengths', () => {
    const plan = { ...PYTHON, environmentHash: 'f'.repeat(64) };
    const long = environmentImages({
      plan,
      converts: true,
      hashes: { ...hashes, onnx: 'f'.repeat(64) },
    });

    for (const { tag } of long) expect(tag).toMatch(/^[a-z0-9][a-z0-9-]{0,127}$/);
  });
});
