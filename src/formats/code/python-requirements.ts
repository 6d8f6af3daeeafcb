import { quoted, rejected } from '#formats/rejected.ts';

const MAX_LINES = 500;
const FIX = 'Name packages of the index with their versions, as `scikit-learn==1.5.2`, one a line.';

const INDEX_FIX =
  'A mirror of PyTorch is named by the parameter `torchIndex` of a stack, and by TORCH_INDEX on one machine; code of your own lies beside predict.py.';

// Name, extras, version specifiers, marker: https://packaging.python.org/en/latest/specifications/dependency-specifiers/
const NAME = '[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?';
const EXTRAS = '(?: ?\\[[A-Za-z0-9._, -]{0,200}\\])?';
const SPECIFIER = '(?:===?|~=|!=|<=|>=|<|>) ?[A-Za-z0-9.*+!_-]{1,50}';
const SPECIFIERS = `(?: ?\\(?${SPECIFIER}(?: ?, ?${SPECIFIER}){0,9}\\)?)?`;
const MARKER = '(?: ?; ?([^;]{1,250}))?';
// A marker only compares variables with quoted texts: a tool that evaluates it as Python, as old tools do, would run anything else in it.
const VARIABLE =
  '(?:python_version|python_full_version|os_name|sys_platform|platform_(?:release|system|version|machine|python_implementation)|implementation_(?:name|version)|extra)';
const TEXT = `(?:'[A-Za-z0-9 ._+*-]{0,100}'|"[A-Za-z0-9 ._+*-]{0,100}")`;
const OPERATOR = '(?:===?|~=|!=|<=|>=|<|>|(?<= )not in(?= )|(?<= )in(?= ))';
const COMPARISON = new RegExp(
  `(?:${VARIABLE} ?${OPERATOR} ?${TEXT}|${TEXT} ?${OPERATOR} ?${VARIABLE})`,
  'g',
);
const COMPARISONS = /^[( ]*C[) ]*(?:(?<=[ )])(?:and|or)(?=[ (])[( ]*C[) ]*)*$/;
const FILE = /\.(whl|zip|tar\.gz|tgz)$/i;
// The index from which PyTorch for CPUs is installed without any setting.
const TORCH_INDEX =
  /^(?:-i|-f|--(?:extra-)?index-url|--find-links)[ =]+https:\/\/download\.pytorch\.org\/whl(?:\/(?!nightly)\S*)?$/;
// PyPI's index, which resolves the versions, has no versions with a suffix for the device.
const TORCH_BUILD = /^((?:torch|torchvision|torchaudio) ?== ?[0-9.]+)\+(?:cpu|cu\d+|rocm[0-9.]+)\b/;
const REQUIREMENT = new RegExp(`^${NAME}${EXTRAS}${SPECIFIERS}${MARKER}$`);

/**
 * The requirements in a requirements.txt, in order. Fails with `ArtifactRejected`, naming the line, for anything but a name with
 * specifiers: an option, a URL, a repository, a path. The index for PyTorch and the device suffix of its version are skipped: the build knows better.
 */
export function parseRequirements(text: string, file: string): readonly string[] {
  const lines = text.split(/\r\n|\r|\n/);
  if (lines.length > MAX_LINES) {
    throw rejected(`${file} has ${lines.length} lines; the limit is ${MAX_LINES}`, FIX);
  }
  const found: string[] = [];
  lines.forEach((line, index) => {
    const written = line.replace(/(^|\s)#.*$/, '').trim();
    if (written === '' || TORCH_INDEX.test(written)) return;
    const [named, marker] = REQUIREMENT.exec(written.replaceAll(/[ \t]+/g, ' ')) ?? [];
    const isNamed = named !== undefined && isMarker(marker);
    if (isNamed && !written.includes(' --') && !FILE.test(written)) {
      found.push(written.replace(TORCH_BUILD, '$1'));
      return;
    }
    const fix = /index-url/.test(written) ? `${FIX} ${INDEX_FIX}` : FIX;
    throw rejected(`${file} line ${index + 1}: ${quoted(written)} ${troubleWith(written)}`, fix);
  });
  return found;
}

/** Whether the text is an environment marker: https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers */
function isMarker(marker: string | undefined): boolean {
  if (marker === undefined) return true;
  const comparisons = marker.replaceAll(COMPARISON, 'C');
  if (!COMPARISONS.test(comparisons)) return false;
  let open = 0;
  for (const letter of comparisons) {
    if (letter === '(') open += 1;
    if (letter === ')') open -= 1;
    if (open < 0) return false;
  }
  return open === 0;
}

function troubleWith(written: string): string {
  if (/^-/.test(written)) return 'is an option of pip, which could bring packages from elsewhere';
  if (/(^|\s)--/.test(written)) return 'has an option of pip';
  if (/^(git|hg|svn|bzr)\+|@ *(git|hg|svn|bzr)\+/.test(written)) return 'is a repository';
  if (/:\/\/|^file:|@ *\w+:/.test(written)) return 'is a URL';
  if (/^[./~]|[\\/]/.test(written) || FILE.test(written)) return 'is a file or a folder';
  if (written.includes(';')) return 'has a marker that does more than compare';
  if (written.endsWith('\\')) return 'continues on the next line; write it on one line';
  return 'is not the name of a package with versions';
}

/** The name of a requirement, normalised as the package index compares names. */
export function packageOf(requirement: string): string {
  const [name = ''] = /^[A-Za-z0-9._-]+/.exec(requirement) ?? [];
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-');
}
