import { parseRequirements } from '#formats/code/python-requirements.ts';
import { inspectPythonCode } from '#formats/python/inspect.ts';
import { memoryFile } from '../../support/bytes/archive-files.ts';
import { artifactOf, expectedOf } from '../../support/models/saved.ts';

describe('a model in plain Python', () => {
  it.each(['class', 'function'])('as a %s says what its files say', async (name) => {
    const { entrypoint, pythonVersion, requirements } = expectedOf('python', name).facts;

    expect(await inspectPythonCode(artifactOf('python', name), '.')).toMatchObject({
      format: 'python',
      entrypoint,
      pythonVersion,
      requirements,
    });
  });

  it.each([
    ['def predict(rows):\n  return rows', 'predict.py:predict'],
    ['async def other(): pass\ndef  predict (rows): pass', 'predict.py:predict'],
    ['async def predict(rows): pass', 'predict.py:predict'],
    ['class Predictor(Base):\n  async def predict(self): pass', 'predict.py:Predictor'],
    ['class Model:\n\tdef load(self): pass\n\tdef predict(self, x): pass', 'predict.py:Model'],
    ['class Predictor:\n  pass\ndef predict(x): pass', 'predict.py:predict'],
    [
      'class Model(nn.Module):\n  def forward(self): pass\n\nclass Predictor:\n  def predict(self): pass',
      'predict.py:Predictor',
    ],
    [
      'class Model(Net):\n  def predict(self): pass\nclass Predictor:\n  def predict(self): pass',
      'predict.py:Predictor',
    ],
    ['class Model(nn.Module):\n  pass\ndef predict(x): pass', 'predict.py:predict'],
    ['predict = make(4)', 'predict.py:predict'],
    ['predict: Callable[[int], int] = make(4)', 'predict.py:predict'],
    ['from serving.core import load, predict', 'predict.py:predict'],
    ['from core import answer as predict', 'predict.py:predict'],
    ['from core import Predictor', 'predict.py:Predictor'],
    ['from core import Base\nclass Predictor(Base):\n  FILE = "a"', 'predict.py:Predictor'],
  ])('is entered where %j answers', async (code, entrypoint) => {
    const files = [memoryFile('predict.py', code)];

    expect(await inspectPythonCode(files, '.')).toMatchObject({ entrypoint });
  });

  it.each([
    ['', 'nothing'],
    ['# def predict(rows)', 'a comment'],
    ['"""\ndef predict(rows): pass\n"""', 'a text'],
    ["'''\ndef predict(rows): pass\n'''", 'a text'],
    ['def predict_all(rows): pass', 'another name'],
    ['class Predictor:\n  def fit(self): pass', 'a class without predict'],
    ['class Predictor(object):\n  def fit(self): pass', 'a class without predict'],
    ['class Model(nn.Module):\n  def forward(self): pass', 'a network'],
    ['predict == 3', 'a comparison'],
    ['from core import predict as ask', 'another name'],
    ['from core import predict_all', 'another name'],
    ['if True:\n  def predict(rows): pass', 'a function within'],
  ])('is refused where %j has %s', async (code) => {
    await expect(inspectPythonCode([memoryFile('predict.py', code)], '.')).rejects.toMatchObject({
      name: 'ArtifactRejected',
      fix: expect.stringContaining('class Predictor'),
    });
  });
});

describe('requirements', () => {
  it('are names with versions, in their order', () => {
    const text = `
      # what it needs
      numpy==1.26.4
      scikit-learn[alldeps] >= 1.3, < 2   # estimators
      pandas ~=2.1 ; python_version < "3.13"
      PyYAML
      torch==2.1.0+cpu
    `;

    expect(parseRequirements(text, 'requirements.txt')).toEqual([
      'numpy==1.26.4',
      'scikit-learn[alldeps] >= 1.3, < 2',
      'pandas ~=2.1 ; python_version < "3.13"',
      'PyYAML',
      'torch==2.1.0',
    ]);
  });

  it.each([
    'numpy; python_version >= "3.9"',
    "numpy>=1 ; sys_platform == 'linux' and platform_machine!='aarch64'",
    'numpy; (python_version<"3.13") or extra == "gpu"',
    'numpy; (os_name == "posix" and (python_full_version ~= "3.9.1"))',
    "numpy; 'linux' in sys_platform",
    'numpy; "win" not in sys_platform or implementation_name === "cpython"',
  ])('have the marker of %s', (line) => {
    expect(parseRequirements(line, 'requirements.txt')).toEqual([line]);
  });

  it.each([
    '--extra-index-url https://download.pytorch.org/whl/cpu',
    '--index-url=https://download.pytorch.org/whl/cu126',
    '-i https://download.pytorch.org/whl',
    '-f https://download.pytorch.org/whl/torch_stable.html',
  ])('pass over %s, where PyTorch comes from anyway', (line) => {
    expect(parseRequirements(`${line}\ntorch==2.8.0`, 'requirements.txt')).toEqual([
      'torch==2.8.0',
    ]);
  });

  it.each([
    '--extra-index-url https://download.pytorch.org.evil.example/whl/cpu',
    '--extra-index-url https://download.pytorch.org/whl/nightly/cpu',
    '--extra-index-url https://pypi.example/simple',
  ])('name the setting for an index of PyTorch where %s is refused', (line) => {
    expect(() => parseRequirements(line, 'requirements.txt')).toThrow(
      expect.objectContaining({ fix: expect.stringMatching(/torchIndex.*TORCH_INDEX/) }),
    );
  });

  it.each([
    ['--index-url https://evil.example/simple', 'an option of pip'],
    ['-i https://evil.example/simple', 'an option of pip'],
    ['--extra-index-url=https://evil.example', 'an option of pip'],
    ['-r other.txt', 'an option of pip'],
    ['-e .', 'an option of pip'],
    ['-c constraints.txt', 'an option of pip'],
    ['--find-links ./wheels', 'an option of pip'],
    ['numpy --hash=sha256:0', 'an option of pip'],
    ['numpy==1 --global-option="x"', 'an option of pip'],
    ['git+https://github.com/a/b', 'a repository'],
    ['pkg @ git+https://github.com/a/b', 'a repository'],
    ['https://evil.example/pkg.whl', 'a URL'],
    ['pkg @ https://evil.example/pkg.zip', 'a URL'],
    ['pkg @ file:///etc', 'a URL'],
    ['./local', 'a file or a folder'],
    ['../local', 'a file or a folder'],
    ['/opt/pkg', 'a file or a folder'],
    ['~/pkg', 'a file or a folder'],
    ['pkg.whl', 'a file or a folder'],
    ['wheels/pkg-1.0-py3-none-any.whl', 'a file or a folder'],
    ['C:\\pkg', 'a file or a folder'],
    ['numpy==1.0 \\', 'a file or a folder'],
    ['$(id)', 'no name of a package'],
    ['numpy; import os', 'no name of a package'],
    ['numpy numpy', 'no name of a package'],
    ['numpy; python_version == __import__("os").system("id")', 'a marker that does more'],
    ['numpy; python_version in [print(1)]', 'a marker that does more'],
    ["numpy; extra == 'a' or exec('import os')", 'a marker that does more'],
    ['numpy; python_version.__class__ == "3"', 'a marker that does more'],
    ['numpy; (python_version < "3"', 'a marker that does more'],
    ['numpy; python_version < "3")', 'a marker that does more'],
    ['numpy; "3" < "4"', 'a marker that does more'],
    ['numpy; python_version < "3" and', 'a marker that does more'],
    ['numpy; python_version < "3" import os', 'a marker that does more'],
  ])('%s is refused with its line', (line, what) => {
    expect(() => parseRequirements(`numpy\n${line}`, 'requirements.txt')).toThrow(
      expect.objectContaining({
        name: 'ArtifactRejected',
        message: expect.stringMatching(/^requirements\.txt line 2: /),
      }),
    );
    expect(() => parseRequirements(line, 'requirements.txt')).toThrow(
      what === 'no name of a package' ? 'line 1' : what,
    );
  });

  it('of 501 lines are refused', () => {
    expect(() => parseRequirements('numpy\n'.repeat(500), 'requirements.txt')).toThrow('501 lines');
  });
});
