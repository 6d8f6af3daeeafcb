import { pythonEnvironment } from '#domain/build/python-environment.ts';

const NOTHING = {
  format: 'sklearn' as const,
  framework: null,
  pythonVersion: null,
  requirements: [],
  takesColumns: false,
} as const;

function made(name: string, version: string | null, more: object = {}) {
  return pythonEnvironment({ ...NOTHING, framework: { name, version }, ...more });
}

describe('the environment of a Python model', () => {
  it('has the framework at the version that made the model, and a Python which this has', () => {
    expect(made('scikit-learn', '1.5.2')).toEqual({
      python: '3.12',
      orElse: ['3.13', '3.11', '3.10', '3.9'],
      requirements: ['scikit-learn==1.5.2'],
    });
  });

  it.each([
    { name: 'scikit-learn', version: '1.0.2', python: '3.10' },
    { name: 'scikit-learn', version: '1.3.0', python: '3.11' },
    { name: 'scikit-learn', version: '1.4.0', python: '3.12' },
    { name: 'xgboost', version: '1.7.6', python: '3.11' },
    { name: 'catboost', version: '1.2.2', python: '3.11' },
  ])('gives $name $version, which knows no numpy 2, an older one', ({ name, version, python }) => {
    const environment = made(name, version);

    expect(environment).toMatchObject({
      python,
      requirements: ['numpy<2', `${name}==${version}`].toSorted(),
    });
  });

  it('keeps the Python that the artifact names where its framework has it', () => {
    expect(made('scikit-learn', '1.5.2', { pythonVersion: '3.10.13' }).python).toBe('3.10');
    expect(made('scikit-learn', '1.8.0', { pythonVersion: '3.9.1' }).python).toBe('3.11');
    expect(made('lightgbm', null, { pythonVersion: '3.14' }).python).toBe('3.13');
    expect(made('torch', '2.9.0', { pythonVersion: '3.6' }).python).toBe('3.9');
  });

  it('has the nearest others where that is missing, the newer of two as near first', () => {
    expect(made('scikit-learn', '1.5.2', { pythonVersion: '3.10' }).orElse).toEqual([
      ...['3.11', '3.9', '3.12', '3.13'],
    ]);
  });

  it('takes no CUDA with XGBoost where it comes without', () => {
    expect(made('xgboost', '2.1.0').requirements).toEqual(['xgboost==2.1.0']);
    expect(made('xgboost', '2.1.1').requirements).toEqual(['xgboost-cpu==2.1.1']);
    expect(made('xgboost', '3.0.5').requirements).toEqual(['xgboost-cpu==3.0.5']);
  });

  it('names each requirement once, sorted, so that the same environment has one name', () => {
    const requirements = ['pandas==2.2.3', 'numpy<2', 'pandas==2.2.3'];

    expect(made('scikit-learn', '1.3.2', { requirements }).requirements).toEqual([
      'numpy<2',
      'pandas==2.2.3',
      'scikit-learn==1.3.2',
    ]);
  });

  it('has pandas where the model is called with named columns', () => {
    const columns = { takesColumns: true };

    expect(made('scikit-learn', '1.8.0', columns).requirements).toContain('pandas');
    const booster = { ...columns, format: 'xgboost' };
    expect(made('xgboost', '3.4.1', booster).requirements).toEqual(['xgboost-cpu==3.4.1']);
    expect(made('xgboost', '3.1.3', columns).requirements).toContain('pandas<3');
    expect(made('xgboost', '3.2.0', columns).requirements).toContain('pandas');
    const own = { ...columns, requirements: ['pandas==2.2.3'] };
    expect(made('scikit-learn', '1.8.0', own).requirements).not.toContain('pandas');
    const another = { ...columns, requirements: ['geopandas==1.1.1'] };
    expect(made('scikit-learn', '1.8.0', another).requirements).toContain('pandas');
  });

  it('is what the manifest says, where it does', () => {
    const facts = { ...NOTHING, requirements: ['a'], pythonVersion: '3.9' };

    expect(pythonEnvironment(facts, { pythonVersion: '3.13', requirements: ['b==1'] })).toEqual({
      python: '3.13',
      orElse: [],
      requirements: ['b==1'],
    });
    expect(pythonEnvironment(NOTHING)).toMatchObject({ python: '3.12', requirements: [] });
  });

  it.each(['1.8.0\n--extra-index-url https://evil.example', '1.8.0 ; x', '', '==1', '1.8.0,<2'])(
    'refuses what is no version, as what is installed is told by it: %j',
    (version) => {
      expect(() => made('scikit-learn', version)).toThrow(
        expect.objectContaining({
          name: 'ArtifactRejected',
          message: expect.stringContaining('which is not a version'),
          fix: 'Save it again with a released scikit-learn.',
        }),
      );
    },
  );

  it.each(['1.8.0', '1.8', '1.8.0rc1', '1.9.dev0', '2.1.4+cpu', '1.8.0.post1'])(
    'takes the version %s',
    (version) => {
      expect(made('scikit-learn', version).requirements).toContain(`scikit-learn==${version}`);
    },
  );

  it('takes a version of 50 characters, and none that is longer', () => {
    const version = (length: number) => `9.${'0'.repeat(length - 2)}`;

    expect(made('lightgbm', version(50)).requirements).toEqual([`lightgbm==${version(50)}`]);
    expect(() => made('lightgbm', version(51))).toThrow('which is not a version');
  });

  it.each(['3.11', '3.12', '3.13'])('takes a Python %s that the framework has', (wished) => {
    const facts = { ...NOTHING, framework: { name: 'scikit-learn', version: '1.8.0' } };

    expect(pythonEnvironment(facts, { pythonVersion: wished }).python).toBe(wished);
  });

  it.each(['3.10', '3.9'])('refuses a Python %s that the framework does not have', (wished) => {
    const facts = { ...NOTHING, framework: { name: 'scikit-learn', version: '1.8.0' } };

    expect(() => pythonEnvironment(facts, { pythonVersion: wished })).toThrow(
      expect.objectContaining({
        name: 'ArtifactRejected',
        message: `build.pythonVersion is ${wished}; the model was made by scikit-learn 1.8.0, which runs on Python 3.11 to 3.13`,
        fix: 'Use one of these, or remove the key.',
      }),
    );
  });

  it('refuses a framework that no Python runs which is served', () => {
    expect(() => made('scikit-learn', '0.22.1')).toThrow(
      expect.objectContaining({
        name: 'ArtifactRejected',
        message:
          'the model was made by scikit-learn 0.22.1; the oldest version that runs on Python 3.9, the oldest supported, is 0.24',
        fix: 'Load it with a newer scikit-learn and save it again.',
      }),
    );
  });
});
