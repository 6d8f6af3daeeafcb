import { BY_CODE } from '#domain/artifact/ways-out.ts';
import {
  alsoNamed,
  fixByAllowing,
  isAllowable,
  isKnownName,
  withoutModule,
} from '#formats/pickle/globals.ts';
import { quoted, rejected } from '#formats/rejected.ts';

/** The types and functions that a skops file may name; `loader` is how skops creates one. */
export type SkopsTypes = {
  note(loader: string, module: string, name: string): void;
  /** Fails with `ArtifactRejected`, naming one that may not be loaded. */
  refuseUnknown(): void;
};

const MAX_UNKNOWN = 100;

// skops makes these plain values, or instances without a call: `__new__`, then their attributes.
const PLAIN: Readonly<Record<string, RegExp>> = {
  JsonNode: /^builtins\.(str|int|float|bool|NoneType|list|dict|tuple)$/,
  DictNode: /^(builtins\.dict|collections\.OrderedDict)$/,
  DefaultDictNode: /^collections\.defaultdict$/,
  _DictWithDeprecatedKeysNode: /^sklearn\.covariance\._graph_lasso\._DictWithDeprecatedKeys$/,
  ListNode: /^builtins\.list$/,
  SetNode: /^builtins\.set$/,
  TupleNode: /^builtins\.tuple$/,
  SliceNode: /^builtins\.slice$/,
  BytesNode: /^builtins\.bytes$/,
  BytearrayNode: /^builtins\.bytearray$/,
  NdArrayNode:
    /^numpy\.(ndarray|float(16|32|64|96|128)|u?int(8|16|32|64)|complex(64|128)|str_|bytes_|bool_?|u?longlong|longdouble)$/,
  MaskedArrayNode: /^numpy\.ma(\.core)?\.MaskedArray$/,
  DTypeNode:
    /^numpy\.(dtype|dtypes\.(Float(16|32|64)|U?Int(8|16|32|64)|Bool|Str|Bytes|Object|Complex(64|128))DType)$/,
  RandomStateNode: /^numpy\.random\.mtrand\.RandomState$/,
  RandomGeneratorNode: /^numpy\.random\._generator\.Generator$/,
  SparseMatrixNode: /^scipy\.sparse\._(bsr|coo|csc|csr|dia|dok|lil)\.\1_(matrix|array)$/,
  TypeNode:
    /^(builtins\.(int|float|str|bool|list|set|map|tuple)|collections\.OrderedDict|numpy\.(ndarray|float(16|32|64)|u?int(8|16|32|64)|complex(64|128)|str_|bool_?|object_|datetime64|timedelta64))$/,
  FunctionNode:
    /^(numpy\.(abs(olute)?|sqrt|cbrt|square|reciprocal|exp2?|expm1|log(10|1p|2)?|sin|cos|tan|arc(sin|cos|tan)h?|sinh|cosh|tanh|sign|floor|ceil|rint|trunc|negative|positive|isnan|isfinite|deg2rad|rad2deg)|scipy\.special\._ufuncs\.(expit|logit|exp10|exp2|expm1|exprel|log1p|boxcox|boxcox1p|inv_boxcox|inv_boxcox1p))$/,
};

// Class names among the known names, since classes hold state; a function's name begins in lower case.
const CLASS = /^_?[A-Z]\w*$/;
const OF_CLASSES: ReadonlySet<string> = new Set([
  ...(['ObjectNode', 'ConstructorFromReduceNode', 'TypeNode', 'TreeNode', 'LossNode'] as const),
  ...(['SGDNode', 'ReduceNode', 'CachedNode'] as const),
]);

const NAMEABLE: ReadonlySet<string> = new Set([...OF_CLASSES, 'FunctionNode']);

/** `extra` are the names that the manifest allows besides the known ones: classes and functions, but not to be called; `absent` are those of them whose module was not found. */
export function skopsTypes(
  file: string,
  extra: readonly string[],
  absent: readonly string[] = [],
): SkopsTypes {
  const unknown = new Map<string, { readonly isAllowable: boolean }>();
  const trusted = new Set(extra.filter(isAllowable));

  return {
    note(loader, module, name) {
      const full = `${module}.${name}`;
      const isNameable = NAMEABLE.has(loader) && !name.includes('.');
      const isClass = OF_CLASSES.has(loader) && CLASS.test(name) && isKnownName(module, name);
      const isKnown = PLAIN[loader]?.test(full) || isClass;
      if (isKnown && !name.includes('.')) return;
      const isTrusted = isNameable && trusted.has(full);
      if (isTrusted && absent.includes(full))
        throw withoutModule(`${file} loads ${quoted(full)}`, full);
      if (isTrusted) return;
      if (unknown.size < MAX_UNKNOWN) {
        unknown.set(full, { isAllowable: isNameable && isAllowable(full) });
      }
    },
    refuseUnknown() {
      const [first] = [...unknown].sort(
        ([, a], [, b]) => Number(a.isAllowable) - Number(b.isAllowable),
      );
      if (first) throw refusal(file, first, [...unknown.keys()], trusted);
    },
  };
}

function refusal(
  file: string,
  [name, found]: readonly [string, { readonly isAllowable: boolean }],
  all: readonly string[],
  trusted: ReadonlySet<string>,
) {
  const others = all.filter((other) => other !== name);
  return rejected(
    `${file} loads ${quoted(name)}${alsoNamed(others)}, which is not among what models of known frameworks hold`,
    found.isAllowable
      ? fixByAllowing([...trusted, name, ...others])
      : `It can run any code when it is loaded, so it is never allowed: save the fitted model itself, without functions of your own, or ${BY_CODE}.`,
  );
}
