import { quoted, rejected } from '#formats/rejected.ts';

// The names of torch's own operators, without higher-order ones, custom ones and Python calls.
const TARGET =
  /^(torch\.ops\.(aten|prims|quantized_decomposed)\.\w+(\.\w+)?|_operator\.(add|sub|mul|floordiv|truediv|mod|neg|pow|eq|ne|lt|le|gt|ge|getitem|and_|or_|not_)|math\.(trunc|ceil|floor|sqrt)|torch\.sym_\w+)$/;
// torch evaluates these as Python, with sympy.
const EXPRESSION = /^[\w\s+\-*/%(),.=<>&|~']*$/;
const SYMBOL = /^[suz]\d+$/;
const WORDS: ReadonlySet<string> = new Set(
  'Symbol Integer Float Rational Add Mul Pow Mod Min Max Abs FloorDiv CeilDiv CleanDiv ModularIndexing PythonMod TruncToInt CeilToInt FloorToInt IntTrueDiv ToFloat Where Eq Ne Lt Le Gt Ge And Or Not oo int_oo positive nonnegative negative integer real True False'.split(
    ' ',
  ),
);
const NAME = /^\w+$/;
const SPEC_TYPES: ReadonlySet<unknown> = new Set([
  null,
  'builtins.tuple',
  'builtins.list',
  'builtins.dict',
  'collections.OrderedDict',
]);
const MAX_NODES = 5_000_000;
const EXPORT =
  'Export the module again, of operators of torch alone, or to ONNX with torch.onnx.export.';

/** Refuses a program from which torch would make code other than calls of its own operators. */
export function refuseOddProgram(file: string, program: unknown): void {
  const left: unknown[] = [program];
  let nodes = 0;
  while (left.length > 0) {
    const value = left.pop();
    nodes += 1;
    if (nodes > MAX_NODES) throw rejected(`${file} has more than ${MAX_NODES} values`, EXPORT);
    if (typeof value !== 'object' || value === null) continue;
    for (const [key, each] of Object.entries(value)) {
      refuseOdd(file, key, each);
      left.push(each);
    }
  }
}

function refuseOdd(file: string, key: string, value: unknown): void {
  const why = CHECKS[key]?.(value);
  if (why !== undefined) throw rejected(`${file}: its program ${why}`, EXPORT);
}

const CHECKS: Readonly<Record<string, (value: unknown) => string | undefined>> = {
  target: (value) =>
    typeof value === 'string' && !TARGET.test(value)
      ? `calls ${quoted(value)}, which is not an operator of torch that is served`
      : undefined,
  as_operator: (value) => `calls ${quoted(String(value))} through another operator`,
  guards_code: guardFault,
  expr_str: (value) =>
    typeof value === 'string' && isExpression(value)
      ? undefined
      : `has the size ${quoted(String(value))}, which is not a sum of sizes`,
  name: (value) =>
    typeof value === 'string' && value !== '' && !NAME.test(value)
      ? `names a value ${quoted(value)}`
      : undefined,
  as_custom_obj: () => 'holds an object of a class of its own',
  as_graph: () => 'holds a graph within a graph',
  in_spec: specFault,
  out_spec: specFault,
};

function isExpression(text: string): boolean {
  if (!EXPRESSION.test(text) || text.includes('__')) return false;
  const words = text.match(/[A-Za-z_]\w*/g) ?? [];
  return words.every((word) => WORDS.has(word) || SYMBOL.test(word));
}

// A guard is a line of Python: the exporter's conditions on the sizes of the inputs, by each other and by values computed from them.
const SIZE = /L(\['\w+'\]|\[\d+\])+\.(size|stride)\(\)\[\d+\]/g;
const GUARD = /^(?:[\d\s()+%-]|\*(?!\*)|\/\/?|[=!<>]=|[<>]|\b(?:and|or|not)\b)+$/;
const MAX_GUARD = 10_000;

function isGuard(text: string): boolean {
  return text.length <= MAX_GUARD && GUARD.test(text.replaceAll(SIZE, '0'));
}

function guardFault(value: unknown): string | undefined {
  const odd = Array.isArray(value) ? value.find((each) => !isGuard(String(each))) : undefined;
  return odd === undefined ? undefined : `guards its inputs by ${quoted(String(odd))}`;
}

/** A tree of arguments names the classes that hold them. */
function specFault(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  const types = [...value.matchAll(/"type":\s*("([^"\\]*)"|null)/g)];
  const count = value.match(/"type"/g)?.length ?? 0;
  const odd = types.find(([, , name = null]) => !SPEC_TYPES.has(name));
  if (odd || types.length !== count)
    return `takes or answers ${quoted(odd?.[2] ?? 'what is written oddly')}, which is not a list, tuple or dict`;
  return undefined;
}
