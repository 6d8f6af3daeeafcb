import { isAllowable } from './pickle-globals.ts';
import { quoted, rejected } from './rejected.ts';

/** Which types and functions a skops file may name: `loader` is how skops makes one of it. */
export type SkopsTypes = {
  note(loader: string, module: string, name: string): void;
  /** Fails with `ArtifactRejected` when one may not be loaded, and names it. */
  refuseUnknown(): void;
};

const MAX_LISTED = 5;
const MAX_UNKNOWN = 1000;

// What skops makes of these is a plain value, or an instance without a call: `__new__`, then its attributes.
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
  NdArrayNode: /^numpy\.(ndarray|(float|int|uint|complex|str|bytes|bool|longlong|ulonglong)\w*)$/,
  MaskedArrayNode: /^numpy\.ma(\.core)?\.MaskedArray$/,
  DTypeNode: /^numpy\.(dtype|dtypes\.\w+DType)$/,
  RandomStateNode: /^numpy\.random\.mtrand\.RandomState$/,
  RandomGeneratorNode: /^numpy\.random\._generator\.Generator$/,
  SparseMatrixNode: /^scipy\.sparse\._\w+\.\w+_(matrix|array)$/,
  TypeNode:
    /^(builtins\.(int|float|str|bool|list|set|map|tuple)|numpy\.(ndarray|(float|int|uint|complex|str|bool|object|datetime|timedelta)\w*))$/,
  FunctionNode:
    /^(numpy\.(abs(olute)?|sqrt|cbrt|square|reciprocal|exp2?|expm1|log(10|1p|2)?|sin|cos|tan|arc(sin|cos|tan)h?|sinh|cosh|tanh|sign|floor|ceil|rint|trunc|negative|positive|isnan|isfinite|deg2rad|rad2deg)|scipy\.special\._ufuncs\.(expit|logit|exp[mlr12]\w*|log1p|boxcox1?p?|inv_boxcox1?p?))$/,
};

// Classes of the libraries themselves, which hold state; a function of them begins with a small letter.
const CLASSES =
  /^(sklearn\.(?!externals\.|datasets\.|utils\.(?!_bunch\.|_mocking\.|deprecation\.))([\w]+\.)+_?[A-Z]\w*|_loss\.Cy[A-Z]\w*|xgboost\.(sklearn\.XGB\w+|core\.Booster)|lightgbm\.(sklearn\.LGBM\w+|basic\.Booster)|catboost\.core\.CatBoost\w*)$/;
const OF_CLASSES: ReadonlySet<string> = new Set([
  ...(['ObjectNode', 'ConstructorFromReduceNode', 'TypeNode', 'TreeNode', 'LossNode'] as const),
  ...(['SGDNode', 'ReduceNode', 'CachedNode'] as const),
]);

/** `extra` are the names that the manifest allows beside the known ones. */
export function skopsTypes(file: string, extra: readonly string[]): SkopsTypes {
  const unknown = new Set<string>();
  const trusted = new Set(extra.filter(isAllowable));

  function isKnown(loader: string, full: string): boolean {
    if (PLAIN[loader]?.test(full)) return true;
    if (!OF_CLASSES.has(loader)) return false;
    return CLASSES.test(full) || trusted.has(full);
  }

  return {
    note(loader, module, name) {
      const full = `${module}.${name}`;
      if (unknown.size >= MAX_UNKNOWN || (isKnown(loader, full) && !name.includes('.'))) return;
      unknown.add(full);
    },
    refuseUnknown() {
      const [first, ...others] = unknown;
      if (first === undefined) return;
      const listed = others.slice(0, MAX_LISTED).map(quoted).join(', ');
      throw rejected(
        `${file} loads ${quoted(first)}${listed && ` (and ${listed})`}, which is not among what models of known frameworks hold`,
        isAllowable(first)
          ? `If you trust it and its package is among the requirements, name it in model.yaml: \`model.allowPickle: [${JSON.stringify(first)}]\`.`
          : 'It can run any code when it is loaded, so it is never allowed: save the fitted model itself, without functions of your own.',
      );
    },
  };
}
